import Foundation
import Support
import Testing

/// Two copies behind nginx with the configuration of `deploy/nginx`, restarted one after the other under k6 load.
@Suite("Restarts behind nginx", .serialized)
struct RestartTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../..").standardizedFileURL.path

    @Test("no request fails")
    func restarts() throws {
        let cluster = try Cluster(copies: 2)
        let directory = try TemporaryDirectory()
        let port = try freePort()
        let nginx = try Nginx.start(directory, port, cluster.ports)
        try eventually("nginx reaches a copy") {
            (try? HTTPClient(port: port).send("GET", "/livez"))?.status == 200
        }
        let tokens = try (0..<10).map { "\"\(try cluster.token("user-\($0)"))\"" }.joined(separator: ",")
        let own = "\(Self.root)/.build/k6/bin/k6"
        let k6 = try Program(
            FileManager.default.isExecutableFile(atPath: own) ? own : "k6",
            ["run", "--quiet", "--no-color", "\(Self.root)/load/rush.js"],
            environment: [
                "BASE": "http://127.0.0.1:\(port)", "TOKENS": "[\(tokens)]", "VUS": "20", "DURATION": "20",
                // The test checks that no request fails, not latency.
                "THINK": "0.2", "P95": "60000",
                "ADMIN": try cluster.token("admin", role: "admin"),
            ])
        func sold() throws -> Int {
            try cluster.postgres.rows("SELECT count(*) FROM bookings WHERE status = 'CONFIRMED'").first
                .flatMap { Int($0) } ?? 0
        }
        var before = 0
        for index in [0, 1, 0, 1] {
            try eventually("customers book") { try sold() >= before + 20 }
            #expect(cluster.stop("serve-\(index)") == 0)
            before = try sold()
            try eventually("customers book on the other copy") { try sold() >= before + 20 }
            try cluster.startServer(index)
            try cluster.waitUntilReady()
            before = try sold()
        }
        let report = k6.readToEnd()
        let log = (try? String(contentsOfFile: "\(directory.path)/access", encoding: .utf8)) ?? ""
        let failed = log.split(separator: "\n").filter { $0.contains("\"status\":5") }
        #expect(k6.wait() == 0 && failed.isEmpty, "\(failed.prefix(5))\n\(nginx.output)\n\(report)")
        print(
            report.split(separator: "\n").filter { $0.contains("http_reqs") || $0.contains("failed") }.joined(
                separator: "\n"))
    }
}
