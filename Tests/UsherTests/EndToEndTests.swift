import Foundation
import Support
import Testing

/// `usher dev` with default settings, on real stores.
@Suite("End to end", .serialized)
struct EndToEndTests {
    private struct Running: Sendable {
        let program: Program
        let port: UInt16
        let environment: [String: String]
        let directory: TemporaryDirectory

        func token(_ user: String, role: String = "customer") throws -> String {
            let made = try Program(
                Cluster.binary, ["token", "--sub", user, "--role", role], environment: environment)
            return made.readToEnd().trimmingCharacters(in: .whitespacesAndNewlines)
        }

        func send(
            _ method: String, _ path: String, _ token: String, _ body: String? = nil, key: String? = nil
        ) throws -> HTTPClient.Answer {
            let headers = bearer(token) + (key.map { [("Idempotency-Key", $0)] } ?? [])
            return try HTTPClient(port: port).send(method, path, headers: headers, body: body)
        }
    }

    private func start(_ directory: TemporaryDirectory) throws -> Running {
        let port = try freePort()
        let environment = ["USHER_DATA_DIR": "\(directory.path)/data", "PORT": String(port)]
        let program = try Program(Cluster.binary, ["dev"], environment: environment)
        _ = try #require(program.read(until: "Usher is ready"))
        return Running(program: program, port: port, environment: environment, directory: directory)
    }

    private func stop(_ running: Running) {
        running.program.signal(SIGTERM)
        #expect(running.program.wait() == 0)
    }

    private static let claim = """
        {"eventId":"2","items":[{"tierId":"00000001-0000-4000-8000-000000000002","quantity":1}]}
        """
    private static let paidClaim = """
        {"eventId":"3","items":[{"tierId":"00000001-0000-4000-8000-000000000003","quantity":1}],
         "payment":{"cardNumber":"4242424242424242"}}
        """

    @Test("a booking is paid, persisted, and still there after a restart of everything")
    func booksAndRemembers() async throws {
        let directory = try TemporaryDirectory()
        var running = try start(directory)
        let token = try running.token("ann")
        let booked = try running.send("POST", "/v1/bookings", token, Self.paidClaim)
        #expect(booked.status == 201)
        #expect(booked.json["status"] as? String == "CONFIRMED")
        #expect(booked.json["persisted"] as? Bool == true)
        let held = try running.send("POST", "/v1/bookings", token, Self.claim)
        #expect(held.status == 201)
        let id = try #require(booked.json["id"] as? String)
        // The printed command shows the booking's row.
        _ = running.program.read(until: "Ctrl-C stops everything")
        let said = running.program.output.split(separator: "\n")
        #expect(said.count { $0.contains("partitions recovered count=64") } == 1, "\(running.program.output)")
        #expect(!said.contains { $0.contains("partition recovered") || $0.hasPrefix("{") })
        let query = try #require(said.first { $0.hasPrefix("psql ") })
        let rows = try Program("bash", ["-c", String(query)]).readToEnd()
        #expect(rows.contains(id) && rows.contains("CONFIRMED"), "\(rows)")
        let holdID = try #require(held.json["id"] as? String)
        try checkPrivacy("\(directory.path)/data", String(query))
        stop(running)

        running = try start(directory)
        let again = try running.send("GET", "/v1/bookings/\(id)", token)
        #expect(again.json["status"] as? String == "CONFIRMED")
        #expect(again.json["persisted"] as? Bool == true)
        let paid = try running.send(
            "POST", "/v1/bookings/\(holdID)/payments", token, "{\"cardNumber\":\"4242424242424242\"}")
        #expect(paid.status == 200)
        #expect(try running.send("POST", "/v1/bookings", token, Self.paidClaim).status == 409)
        let cancelled = try running.send("DELETE", "/v1/bookings/\(id)", token)
        #expect(cancelled.status == 200)
        #expect(cancelled.json["status"] as? String == "CANCELLED")
        stop(running)
    }

    /// Checks that only the user who started `usher dev` can access its stores.
    private func checkPrivacy(_ data: String, _ query: String) throws {
        for name in ["", "/sockets"] {
            let mode = try FileManager.default.attributesOfItem(atPath: data + name)[.posixPermissions] as? Int
            #expect(mode == 0o700)
        }
        let listening = try Program("/bin/sh", ["-c", "cat \(data)/postgres/postmaster.pid"]).readToEnd()
        // The line with PostgreSQL's listen address is empty.
        #expect(listening.split(separator: "\n", omittingEmptySubsequences: false).dropFirst(5).first == "")
        guard geteuid() == 0 else { return }
        for user in ["nobody", "postgres"] {
            let tried = try Program("/usr/bin/setpriv", ["--reuid=\(user)", "--clear-groups", "bash", "-c", query])
            #expect(tried.wait() != 0, "\(user): \(tried.output)")
        }
        let status = try Program(
            "/bin/sh", ["-c", "grep CapEff /proc/$(head -1 \(data)/postgres/postmaster.pid)/status"]
        ).readToEnd()
        // It has CAP_DAC_READ_SEARCH (2), to traverse directories, but not CAP_DAC_OVERRIDE (1).
        #expect(status.contains("0000000000000004"), "\(status)")
    }

    @Test("the commands that the greeting prints work in a plain shell, repeatedly")
    func greeting() throws {
        let directory = try TemporaryDirectory()
        let running = try start(directory)
        let said = try #require(running.program.read(until: "Ctrl-C stops everything"))
        // Complete commands, each followed by an empty line.
        let commands = said.split(separator: "\n\n").map(String.init)
            .filter { $0.hasPrefix("curl ") || $0.contains(" token --sub admin") }
        let export = try #require(said.split(separator: "\n").first { $0.hasPrefix("export TOKEN=") })
        #expect(commands.count == 3, "\(commands)")
        func shell(_ command: String) throws -> String {
            let program = try Program("bash", ["-c", "\(export); \(command)"])
            #expect(program.wait() == 0, "\(program.output)")
            return program.output
        }
        let token = try shell(commands[2]).trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(try running.send("GET", "/v1/admin/overview", token).status == 200)
        for _ in 0..<3 {
            #expect(try shell(commands[0]).contains("\"status\":\"CONFIRMED\""))
            #expect(try shell(commands[1]).contains("\"status\":\"RESERVED\""))
        }
        stop(running)
    }

    @Test(
        "the demo events are in the coming months, at different places and times, one free, one nearly sold out")
    func demoEvents() throws {
        let directory = try TemporaryDirectory()
        let running = try start(directory)
        let page = try HTTPClient(port: running.port).send("GET", "/v1/events?limit=50")
        let events = try #require(page.json["data"] as? [[String: Any]])
        #expect(events.compactMap { $0["number"] as? Int }.sorted() == Array(1...8))
        let form = ISO8601DateFormatter()
        form.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
        let starts = try events.map { try #require(form.date(from: $0["startsAt"] as? String ?? "")) }
        #expect(starts.allSatisfy { $0 > Date() && $0 < Date().addingTimeInterval(100 * 86400) }, "\(starts)")
        #expect(Set(starts.map { Int($0.timeIntervalSince1970) % 86400 }).count > 5)
        #expect(Set(events.compactMap { $0["venue"] as? String }).count == 8)
        #expect(events.allSatisfy { ($0["description"] as? String)?.isEmpty == false })
        let prices = events.flatMap { ($0["tiers"] as? [[String: Any]] ?? []).compactMap { $0["unitAmount"] as? Int } }
        #expect(prices.contains(0))
        #expect(events.contains { $0["remainingTickets"] as? Int == 2 })
        stop(running)
    }

    @Test("failures at start-up are reported in one sentence")
    func refusals() throws {
        let directory = try TemporaryDirectory()
        let running = try start(directory)
        func refusal(_ environment: [String: String]) throws -> String {
            let program = try Program(
                Cluster.binary, ["dev"], environment: running.environment.merging(environment) { $1 })
            #expect(program.wait() == 1)
            return program.output
        }
        let other = "\(directory.path)/other"
        #expect(
            try refusal(["PORT": "1"])
                == "Another usher dev uses \(directory.path)/data; stop it, or set USHER_DATA_DIR to another directory.\n"
        )
        #expect(
            try refusal(["USHER_DATA_DIR": other])
                == "Port \(running.port) is taken; set PORT to another.\n")
        let free = ["USHER_DATA_DIR": other, "PORT": "\(try freePort())"]
        #expect(
            try refusal(free.merging(["PATH": "/nonexistent"]) { $1 })
                == "redis-server is not installed; run make install, or set REDIS_URL.\n")
        #expect(
            try refusal(free.merging(["USHER_PARTITIONS": "many"]) { $1 }).hasPrefix("USHER_PARTITIONS "))
        stop(running)
    }

    @Test("seeding twice changes nothing")
    func seedsTwice() throws {
        let redis = try TestServers.redis
        let url = try TestServers.postgres.createDatabase("seeds_twice")
        let environment = ["DATABASE_URL": url, "REDIS_URL": redis.url]
        func rows() throws -> [String] {
            #expect(try Program(Cluster.binary, ["seed"], environment: environment).wait() == 0)
            return try TestServers.postgres.rows(
                "SELECT number, title, e.xmin, t.xmin FROM events e JOIN tiers t ON event_id = e.id ORDER BY 1",
                database: "seeds_twice")
        }
        let first = try rows()
        // The hall, number 6, has three tiers.
        #expect(first.map { $0.prefix(2) } == ["1|", "2|", "3|", "4|", "5|", "6|", "6|", "6|", "7|", "7|", "8|"])
        #expect(try rows() == first)
    }
}
