import Foundation
import Support
import Testing

/// Accounts managed with the command only, such as the first administrator.
@Suite("usher user")
struct UserCommandTests {
    private func run(
        _ arguments: [String], _ environment: [String: String]
    ) throws -> (code: Int32, text: String) {
        let program = try Program(Cluster.binary, ["user"] + arguments, environment: environment)
        return (program.wait(), program.output)
    }

    @Test("creates, changes, disables and lists accounts, and writes to the audit log")
    func accounts() throws {
        let name = "user_command"
        let url = try TestServers.postgres.createDatabase(name)
        let postgres = ["DATABASE_URL": url, "USHER_PARTITIONS": "4"]
        let early = try run(["--list"], postgres)
        #expect(early.code == 1 && early.text.contains("Run usher migrate first."), "\(early.text)")
        #expect(try Program(Cluster.binary, ["migrate"], environment: postgres).wait() == 0)
        let good = postgres.merging(["USHER_USER_PASSWORD": "correct horse 1"]) { $1 }
        func rows(_ sql: String) throws -> [String] { try TestServers.postgres.rows(sql, database: name) }

        let short = postgres.merging(["USHER_USER_PASSWORD": "short"]) { $1 }
        let weak = try run(["--email", "a@example.com", "--role", "admin"], short)
        #expect(weak.code == 1 && weak.text.contains("at least 8 characters"), "\(weak.text)")
        let none = try run(["--email", "a@example.com", "--role", "admin"], postgres)
        #expect(none.code == 1 && none.text.contains("USHER_USER_PASSWORD"), "\(none.text)")
        let made = try run(["--email", "A@example.com", "--role", "admin"], good)
        #expect(made.code == 0 && made.text == "Created A@example.com: admin.\n", "\(made.text)")
        let again = try run(["--email", "a@example.com", "--role", "admin"], postgres)
        #expect(again.code == 0 && again.text == "Changed A@example.com: admin.\n", "\(again.text)")
        #expect(try rows("SELECT count(*) FROM users") == ["1"])
        #expect(try rows("SELECT generation FROM users") == ["0"])
        #expect(try run(["--list"], postgres).text.hasSuffix("  admin  A@example.com\n"))
        let disabled = try run(["--email", "a@example.com", "--disable"], postgres)
        #expect(disabled.text.contains("admin, disabled"), "\(disabled.text)")
        #expect(disabled.text.contains("No account can log in"), "\(disabled.text)")
        #expect(try run(["--email", "a@example.com", "--enable", "--role", "customer"], postgres).code == 0)
        #expect(try rows("SELECT roles::text || (disabled_at IS NULL)::text FROM users") == ["{customer}true"])
        let actions = try rows("SELECT action FROM audit_log WHERE actor_kind = 'system' ORDER BY id")
        #expect(
            actions == ["migrate.up", "users.create", "users.update", "users.update", "users.update"], "\(actions)")
        #expect(try rows("SELECT 1 FROM audit_log WHERE after::text LIKE '%example.com%'").isEmpty)
    }
}
