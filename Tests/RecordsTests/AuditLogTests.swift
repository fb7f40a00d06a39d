import BoxOffice
import Records
import Testing

@Suite("The audit log in PostgreSQL")
struct AuditLogTests {
    private func entry(at: Int64, _ number: UInt64, action: String = "events.publish") -> AuditEntry {
        AuditEntry(
            id: AuditEntry.id(milliseconds: at, random: (0, number)), at: at, actor: .init(.user, "ann"),
            address: "192.0.2.1", action: action, subject: .init("event", "e"), before: "{\"a\":\"\\u0000\"}",
            outcome: .done, requestID: "r")
    }

    @Test("an entry that is appended twice is stored once, and its intent is deleted")
    func twice() async throws {
        try await withDatabase("audit_log_twice") { _, database in
            let log = AuditLog(pool: database.pool)
            let entry = entry(at: someTime, 1)
            try await log.begin(entry)
            #expect(try await database.number("SELECT count(*) FROM audit_intents") == 1)
            try await log.append([entry])
            try await log.append([entry])
            #expect(try await database.number("SELECT count(*) FROM audit_log") == 1)
            #expect(try await database.number("SELECT count(*) FROM audit_intents") == 0)
        }
    }

    @Test("a write whose process died becomes an entry with outcome unknown")
    func leftBehind() async throws {
        try await withDatabase("audit_log_left") { _, database in
            let log = AuditLog(pool: database.pool)
            try await log.begin(entry(at: someTime, 1))
            try await log.resolveIntents(olderThan: 300)
            #expect(try await database.number("SELECT count(*) FROM audit_log") == 0)
            try await log.resolveIntents(olderThan: 0)
            let found = try await log.list(actor: "ann", subject: "e", action: nil, before: nil, limit: 10)
            #expect(found.map(\.outcome) == [.unknown] && found.first?.requestID == "r")
            #expect(try await database.number("SELECT count(*) FROM audit_intents") == 0)
        }
    }

    @Test("old entries are deleted a few at a time, and no younger ones")
    func forgetting() async throws {
        try await withDatabase("audit_log_forget") { _, database in
            let log = AuditLog(pool: database.pool)
            try await log.append((0..<10).map { entry(at: someTime + Int64($0), UInt64($0)) })
            #expect(try await log.forget(before: someTime + 5, limit: 3) == 3)
            #expect(try await log.forget(before: someTime + 5, limit: 3) == 2)
            #expect(try await log.forget(before: someTime + 5, limit: 3) == 0)
            let left = try await log.list(actor: nil, subject: nil, action: nil, before: nil, limit: 10)
            #expect(left.map(\.at) == (5..<10).reversed().map { someTime + $0 })
        }
    }

    @Test("the prefix of an action matches the actions under it, and nothing else")
    func actions() async throws {
        try await withDatabase("audit_log_actions") { _, database in
            let log = AuditLog(pool: database.pool)
            let names = ["events.publish", "events_x", "events", "eventsx.y"]
            try await log.append(names.enumerated().map { entry(at: someTime, UInt64($0), action: $1) })
            let found = try await log.list(actor: nil, subject: nil, action: "events", before: nil, limit: 10)
            #expect(Set(found.map(\.action)) == ["events.publish", "events"])
        }
    }
}
