import Foundation
import Glibc
import Support
import Synchronization
import Testing

/// Copies are killed and stores stopped under load; every response to a customer must hold afterwards.
@Suite("Crashes under load", .serialized)
struct CrashTests {
    /// The duration of each load; `USHER_TEST_SECONDS` overrides it.
    private static let seconds = ProcessInfo.processInfo.environment["USHER_TEST_SECONDS"].flatMap { Int($0) } ?? 6

    @Test("repeatedly killing copies of serve and reconcile loses nothing that was acknowledged")
    func killedCopies() async throws {
        let cluster = try Cluster()
        let load = try Load(cluster)
        let running = load.start(threads: 8)
        let victims = ["reconcile", "serve-0", "reconcile", "serve-1"]
        for round in 0..<max(4, Self.seconds * 2) {
            usleep(300_000 + UInt32.random(in: 0..<200_000))
            let victim = victims[round % victims.count]
            cluster.kill(victim)
            switch victim {
            case "serve-0": try cluster.startServer(0)
            case "serve-1": try cluster.startServer(1)
            default: try cluster.startReconciler("reconcile")
            }
        }
        load.stop()
        await running.join()
        try cluster.waitUntilReady()
        try load.verify()
    }

    @Test("without PostgreSQL claims continue, confirmations get 202, and everything is persisted after its return")
    func postgresAway() async throws {
        let cluster = try Cluster()
        let load = try Load(cluster)
        let running = load.start(threads: 8)
        usleep(1_000_000)
        cluster.postgres.kill()
        let before = load.confirmed
        usleep(UInt32(Self.seconds) * 1_000_000)
        let during = load.confirmed - before
        try cluster.postgres.start()
        usleep(500_000)
        load.stop()
        await running.join()
        #expect(during > 0, "no booking succeeded while PostgreSQL was unavailable")
        #expect(load.unpersisted > 0)
        #expect(load.refusals.isEmpty, "\(load.refusals)")
        try load.verify()
    }

    @Test("without a reconciler an expired hold is available to the next client at once")
    func noReconciler() throws {
        let cluster = try Cluster(copies: 1)
        let event = try cluster.makeEvent(capacity: 1, holdSeconds: 1)
        let client = HTTPClient(port: cluster.ports[0])
        let ann = bearer(try cluster.token("ann"))
        let bob = bearer(try cluster.token("bob"))
        cluster.kill("reconcile")
        let held = try client.send("POST", "/v1/bookings", headers: ann, body: RaceTests.claim(event))
        #expect(held.status == 201)
        let refused = try client.send("POST", "/v1/bookings", headers: bob, body: RaceTests.claim(event))
        #expect(refused.status == 409)
        #expect(refused.json["code"] as? String == "held-by-others")
        #expect(refused["retry-after"] == "1")
        let retryAt = try #require(refused.json["retryAt"] as? String)
        #expect(retryAt == held.json["expiresAt"] as? String)
        try eventually("the hold has expired") {
            try client.send("POST", "/v1/bookings", headers: bob, body: RaceTests.claim(event)).status == 201
        }
        let id = try #require(held.json["id"] as? String)
        #expect(try client.send("GET", "/v1/bookings/\(id)", headers: ann).json["status"] as? String == "EXPIRED")
    }

    @Test("without traffic the sweeper releases expired holds")
    func sweeper() throws {
        let cluster = try Cluster(copies: 1)
        let event = try cluster.makeEvent(capacity: 3, holdSeconds: 1)
        let client = HTTPClient(port: cluster.ports[0])
        let ann = bearer(try cluster.token("ann"))
        for _ in 0..<3 {
            #expect(try client.send("POST", "/v1/bookings", headers: ann, body: RaceTests.claim(event)).status == 201)
        }
        try eventually("the bookings are persisted as expired") {
            try cluster.postgres.rows("SELECT count(*) FROM bookings WHERE status = 'EXPIRED'") == ["3"]
        }
        let late = try cluster.postgres.rows(
            "SELECT extract(epoch FROM max(updated_at - expires_at)) FROM bookings")
        print("the sweeper ran at most \(late[0]) s after the deadline")
        #expect(try cluster.postgres.rows("SELECT held FROM tiers") == ["0"])
    }

    @Test("malformed requests and load leak neither memory nor descriptors")
    func noLeaks() async throws {
        let cluster = try Cluster(copies: 1)
        let event = try cluster.makeEvent(capacity: 100)
        let token = try cluster.token("ann")
        let garbage = [
            "{", "[[[[", "{\"eventId\":-1}", "{\"eventId\":9007199254740993,\"items\":[]}",
            String(repeating: "[", count: 9000),
            "{\"eventId\":\"\(event.id)\",\"items\":[{\"tierId\":\"\(event.tier)\",\"quantity\":-1}]}",
            String(repeating: "x", count: 1_000_000), "{\"a\":\"\u{0}\"}",
        ]
        let port = cluster.ports[0]
        let process = try #require(cluster.copy("serve-0")).processID
        func throwGarbage(_ rounds: Int) async {
            await onThreads(8) { _ in
                for round in 0..<rounds {
                    let client = HTTPClient(port: port)
                    for body in garbage {
                        let answer = try? client.send("POST", "/v1/bookings", headers: bearer(token), body: body)
                        if let status = answer?.status, !(400...413).contains(status) { Issue.record("\(status)") }
                    }
                    if round % 10 == 0 { try? client.write(Array("GET / HTT".utf8)) }
                }
            }
        }
        await throwGarbage(20)
        let first = try residentKilobytes(process)
        await throwGarbage(100)
        let last = try residentKilobytes(process)
        print("resident: \(first) KiB after 1,280 bad requests, \(last) KiB after 7,680")
        #expect(last < first + 8_192, "it grew from \(first) to \(last) KiB")
        try eventually("all descriptors are closed") {
            // The stores' connections, the listener, epoll, event descriptors, standard streams.
            try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd").count < 32
        }
        #expect(cluster.stop("serve-0") == 0)
    }

    private func residentKilobytes(_ process: pid_t) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
        return Int(line.split(separator: " ").dropFirst().first ?? "") ?? 0
    }
}
