import Loops
import PostgresClient
import Records
import Support
import Testing

@testable import Accounts

@Suite("Demo users")
struct DemoUsersTests {
    @Test("are two customers and an administrator, with valid passwords derived from the secret")
    func accounts() {
        let users = DemoUsers(secret: AccountsServer.secret).accounts
        #expect(users.map(\.roles) == [["customer"], ["customer"], ["admin"]])
        for user in users {
            #expect(EmailAddress(user.email) != nil)
            #expect(PersonName.isGood(user.name))
            #expect(PasswordRule.violation(user.password) == nil)
        }
        #expect(Set(users.map(\.password)).count == 3)
        let others = DemoUsers(secret: [UInt8](repeating: 7, count: 32)).accounts
        #expect(Set(others.map(\.password)).isDisjoint(with: users.map(\.password)))
    }

    @Test("are created once, and only those whose passwords work are returned")
    func writes() async throws {
        let database = "demo_\(UInt32.random(in: .min ... .max))"
        let postgres = PostgresConfiguration(uri: try TestServers.postgres.createDatabase(database))
        let loop = try EventLoop(name: "demo")
        defer { loop.stop() }
        try await loop.run { loop in
            let pool = PostgresPool(loop: loop, configuration: postgres)
            defer { pool.close() }
            _ = try await Migrator(migrations: Schema.migrations).up(on: pool)
            let users = DemoUsers(secret: AccountsServer.secret)
            let hasher = PasswordHasher()
            func write(_ users: DemoUsers) async throws -> [String] {
                try await users.write(on: pool, hasher: hasher).map(\.email)
            }
            let all = ["alice@example.com", "bob@example.com", "admin@example.com"]
            #expect(try await write(users) == all)
            let before = try TestServers.postgres.rows("SELECT u::text FROM users u ORDER BY 1", database: database)
            #expect(before.count == 3)
            #expect(try await write(users) == all)
            #expect(try await write(DemoUsers(secret: [UInt8](repeating: 7, count: 32))) == [])
            let after = try TestServers.postgres.rows("SELECT u::text FROM users u ORDER BY 1", database: database)
            #expect(after == before)
        }
    }
}
