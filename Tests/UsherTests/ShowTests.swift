import Foundation
import Support
import Testing

/// `usher show` on real stores, with bookings made through the API.
@Suite("usher show", .serialized)
struct ShowTests {
    private static let unknown = "019a1f0c-7f00-7003-9a2b-1c2d3e4f5061"

    /// An event with a hold of two units, claimed with a key.
    private func booked(_ cluster: Cluster) throws -> (event: String, tier: String, booking: String) {
        let event = try cluster.makeEvent(capacity: 10)
        let claim = "{\"eventId\":\"\(event.id)\",\"items\":[{\"tierId\":\"\(event.tier)\",\"quantity\":2}]}"
        let headers = bearer(try cluster.token("ann")) + [("Idempotency-Key", "show-1"), ("Prefer", "wait=20")]
        let answer = try HTTPClient(port: cluster.ports[0]).send("POST", "/v1/bookings", headers: headers, body: claim)
        return (event.id, event.tier, try #require(answer.json["id"] as? String, "\(answer.text)"))
    }

    /// The columns after a name in the output.
    private func line(_ name: String, _ text: String) -> [String] {
        let line = text.split(separator: "\n").first { $0.trimmingCharacters(in: .whitespaces).hasPrefix(name + "  ") }
        return (line?.trimmingCharacters(in: .whitespaces).dropFirst(name.count) ?? "").split(separator: /\s{2,}/).map(
            String.init)
    }

    @Test("shows an event, a booking and a partition from both stores, and from one while the other is unavailable")
    func shows() throws {
        let cluster = try Cluster(copies: 1)
        let (event, tier, booking) = try booked(cluster)
        try eventually("the hold is persisted") {
            try cluster.run("show", "booking", booking).said.contains("persisted")
                && self.line("persisted", try cluster.run("show", "booking", booking).said).first == "yes"
        }
        let (shown, code) = try cluster.run("show", "booking", booking)
        #expect(code == 0 && shown.hasPrefix("booking \(booking) (partition "), "\(shown)")
        #expect(line("status", shown) == ["RESERVED", "RESERVED"], "\(shown)")
        #expect(line("version", shown) == ["1", "1"] && line("user", shown) == ["ann", "ann"], "\(shown)")
        #expect(line("line 1", shown).first == "2 of \(tier) at 1000", "\(shown)")
        #expect(line("total (minor units)", shown) == ["2000 USD", "2000 USD"], "\(shown)")
        #expect(line("left after the claim", shown).first == "8" && !shown.contains("differs"), "\(shown)")

        let (sale, _) = try cluster.run("show", "event", event)
        #expect(
            line("status", sale) == ["published", "published"] && line("hold", sale) == ["600 s", "600 s"], "\(sale)")
        #expect(line("live holds", sale) == ["1", "1"] && line("users", sale) == ["1", "1"], "\(sale)")
        #expect(line("capacity", sale) == ["10", "10"] && line("available", sale) == ["8", "8"], "\(sale)")
        #expect(line("held", sale) == ["2", "2"] && line("groups in the queue", sale).first == "1", "\(sale)")
        #expect(line("keys of claims", sale).first?.hasPrefix("1 keys and users of ") == true, "\(sale)")
        #expect(!sale.contains("differs"), "\(sale)")

        let number = try #require(shown.firstMatch(of: /\(partition (\d+)\)/)).1
        let (partition, _) = try cluster.run("show", "partition", String(number))
        #expect(line("state", partition).first == "open", "\(partition)")
        #expect(line("identity", partition).first == "this Redis", "\(partition)")
        #expect(Set(line("epoch", partition)).count == 1, "\(partition)")

        // Without a reconciler, changes that are only in Redis are marked.
        cluster.kill("reconcile")
        let cancelled = try HTTPClient(port: cluster.ports[0]).send(
            "DELETE", "/v1/bookings/\(booking)", headers: bearer(try cluster.token("ann")))
        #expect(cancelled.status < 300, "\(cancelled.text)")
        let (ahead, _) = try cluster.run("show", "booking", booking)
        #expect(line("status", ahead) == ["CANCELLED", "RESERVED", "differs"], "\(ahead)")
        #expect(line("persisted", ahead).first?.hasPrefix("not") == true, "\(ahead)")
        let (backlog, _) = try cluster.run("show", "partition", String(number))
        #expect(backlog.contains("\(booking) version 2 CANCELLED"), "\(backlog)")

        try away(cluster, event, booking)
    }

    private func away(_ cluster: Cluster, _ event: String, _ booking: String) throws {
        cluster.postgres.stop()
        for (kind, id) in [("event", event), ("booking", booking), ("partition", "0")] {
            let (text, code) = try cluster.run("show", kind, id)
            #expect(code == 0 && text.hasPrefix("PostgreSQL (DATABASE_URL) cannot be reached: "), "\(text)")
            #expect(!text.contains("Redis (REDIS_URL)"), "\(text)")
        }
        cluster.redis.stop()
        let (neither, failed) = try cluster.run("show", "event", event)
        #expect(failed == 1 && neither.contains("Redis (REDIS_URL)") && neither.contains("PostgreSQL (DATABASE_URL)"))
        try cluster.postgres.start()
        for (kind, id) in [("event", event), ("booking", booking), ("partition", "0")] {
            let (text, code) = try cluster.run("show", kind, id)
            #expect(code == 0 && text.hasPrefix("Redis (REDIS_URL) cannot be reached: "), "\(text)")
            #expect(line("status", text).first ?? "RESERVED" != "-", "\(text)")
        }
    }

    @Test("a missing subject exits with 1, a usage error with 64, and both are explained")
    func refusals() throws {
        let cluster = try Cluster(copies: 1)
        func run(_ words: String...) throws -> (said: String, code: Int32) {
            let program = try Program(
                Cluster.binary, ["show"] + words,
                environment: [
                    "REDIS_URL": cluster.redis.url, "DATABASE_URL": cluster.postgres.url, "USHER_PARTITIONS": "8",
                ])
            return (program.readToEnd(), program.wait())
        }
        #expect(try run() == ("Name what to show: usher show event ID, booking ID or partition N.\n", 64))
        #expect(try run("boking", "x") == ("boking cannot be shown; did you mean booking?\n", 64))
        #expect(try run("seat", "x") == ("seat cannot be shown: event, booking and partition can.\n", 64))
        #expect(try run("event") == ("Which event? usher show event ID.\n", 64))
        #expect(try run("event", "1", "2") == ("usher show takes one event at a time.\n", 64))
        #expect(try run("event", "--all").code == 64)
        #expect(try run("event", "77") == ("There is no event 77.\n", 1))
        #expect(try run("event", "x") == ("“x” is not an event id or number.\n", 1))
        #expect(try run("booking", Self.unknown) == ("There is no booking \(Self.unknown).\n", 1))
        #expect(try run("booking", "x").said.hasPrefix("“x” is not a booking id of an installation with 8 partitions"))
        #expect(try run("partition", "8") == ("The partition must be a number from 0 to 7, not “8”.\n", 1))
    }
}
