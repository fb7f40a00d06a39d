import Foundation
import Support
import Testing

@testable import usher

/// Checks of `docker-compose.yml` and the files under `deploy/`, as far as possible without containers;
/// `make compose-test` runs all of it.
@Suite("The shipped installation")
struct InstallationTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private func text(_ path: String) throws -> String {
        try String(contentsOf: Self.root.appendingPathComponent(path), encoding: .utf8)
    }

    /// The lines of a block of docker-compose.yml, up to the next block of the same depth.
    private func block(_ compose: String, _ head: String) throws -> [Substring] {
        let lines = compose.split(separator: "\n", omittingEmptySubsequences: false)
        let start = try #require(lines.firstIndex { $0.hasPrefix(head) }, "\(head)")
        let depth = head.prefix { $0 == " " }.count
        return Array(lines[(start + 1)...].prefix { $0.isEmpty || $0.prefix { $0 == " " }.count > depth })
    }

    /// The names of settings in a block.
    private func settings(_ lines: [Substring]) -> Set<String> {
        Set(lines.compactMap { $0.wholeMatch(of: /\s+([A-Z_]+): .+/).map { String($0.1) } })
    }

    @Test("compose passes each process the settings that it reads, and no others")
    func compose() throws {
        let compose = try text("docker-compose.yml")
        let shared = settings(try block(compose, "x-shared:"))
        for (process, passed) in [
            (Setting.Process.serve, settings(try block(compose, "x-serve:")).union(shared)),
            (.reconcile, settings(try block(compose, "x-reconcile:")).union(shared)),
            (.migrate, settings(try block(compose, "  migrate:"))),
        ] {
            let read = Set(Setting.all.filter { $0.readers.contains(process) }.map(\.name))
            #expect(read.subtracting(passed) == [], "\(process) reads these settings, but compose does not pass them")
            #expect(passed.subtracting(read) == [], "compose passes these settings, but \(process) does not read them")
        }
    }

    @Test("compose publishes ports on loopback only, and requires every password to be set")
    func careful() throws {
        let compose = try text("docker-compose.yml")
        let ports = compose.matches(of: /ports: \["([^"]+)"\]/).map { String($0.1) }
        #expect(ports.count == 3 && ports.allSatisfy { $0.contains("127.0.0.1:") }, "\(ports)")
        let passwords = compose.matches(of: /\$\{([A-Z_]*PASSWORD[A-Z_]*)(:\?)?/)
        #expect(!passwords.isEmpty)
        for password in passwords { #expect(password.2 != nil, "\(password.1) may be empty") }
        let example = try text("deploy/compose.env")
        for password in passwords { #expect(example.contains("\n\(password.1)=\n"), "\(password.1)") }
        #expect(compose.contains("GF_SECURITY_ADMIN_PASSWORD: ${GRAFANA_PASSWORD:?"))
    }

    @Test("Redis starts with deploy/redis/redis.conf in any directory, with the settings that Usher needs")
    func redis() throws {
        let directory = try TemporaryDirectory()
        let socket = "\(directory.path)/socket"
        let configuration = Self.root.appendingPathComponent("deploy/redis/redis.conf").path
        // Start it like an operator, in its own directory.
        let server = try Program(
            "bash",
            ["-c", "cd '\(directory.path)' && exec redis-server '\(configuration)' --port 0 --unixsocket socket"])
        _ = try #require(server.read(until: "ready to accept connections at"), "\(server.output)")
        func ask(_ words: String...) throws -> String {
            try Program("redis-cli", ["-s", socket] + words).readToEnd()
        }
        #expect(try ask("CONFIG", "GET", "maxmemory-policy").contains("noeviction"))
        #expect(try ask("CONFIG", "GET", "appendonly").contains("yes"))
        #expect(try ask("CONFIG", "GET", "appendfsync").contains("always"))
        server.signal(SIGTERM)
        #expect(server.wait() == 0)
    }

    @Test("the binary's relocation tables are read-only at run time")
    func linking() throws {
        let read = try Program("readelf", ["--wide", "--dynamic", "--program-headers", Cluster.binary]).readToEnd()
        #expect(read.contains("GNU_RELRO") && read.contains("BIND_NOW"), "\(read.prefix(2000))")
    }

    @Test("nginx.conf is well-formed, with TLS and without")
    func nginx() throws {
        let directory = try TemporaryDirectory()
        let made = try Program(
            "openssl",
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=shop.example", "-days", "1",
                "-keyout", "\(directory.path)/tls.key", "-out", "\(directory.path)/tls.crt",
            ])
        #expect(made.wait() == 0, "\(made.output)")
        let tls = try text("deploy/nginx/tls.conf").replacing("/etc/nginx/tls", with: directory.path)
        for included in ["", tls] {
            try included.write(toFile: "\(directory.path)/tls.conf", atomically: true, encoding: .utf8)
            // Replace host names that only compose resolves, and paths that differ here.
            let whole = try text("deploy/nginx/nginx.conf")
                .replacing("serve-1", with: "127.0.0.1").replacing("serve-2", with: "127.0.0.1")
                .replacing("/etc/nginx/usher", with: directory.path)
            let path = "\(directory.path)/nginx.main"
            try "pid \(directory.path)/pid; error_log stderr;\n\(whole)".write(
                toFile: path, atomically: true, encoding: .utf8)
            let checked = try Program("/usr/sbin/nginx", ["-t", "-c", path])
            #expect(checked.wait() == 0, "\(checked.output)")
        }
    }
}
