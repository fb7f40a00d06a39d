import Loops
import PostgresClient
import Records
import Support
import Testing

@Suite("Tables of accounts")
struct AccountsSchemaTests {
    private static let user = "00000000-0000-4000-8000-000000000001"
    private static let family = "00000000-0000-4000-8000-000000000002"
    private static let insertUser =
        "INSERT INTO users (id, email, email_normalised, name, password_hash) VALUES ('\(user)', 'a@b.c', 'a@b.c', 'A', 'x')"

    private func with(_ body: @Sendable (PostgresPool) async throws -> Void) async throws {
        let database = "accounts_schema_\(UInt32.random(in: .min ... .max))"
        let postgres = PostgresConfiguration(uri: try TestServers.postgres.createDatabase(database))
        let loop = try EventLoop(name: "schema")
        defer { loop.stop() }
        try await loop.run { loop in
            let pool = PostgresPool(loop: loop, configuration: postgres)
            defer { pool.close() }
            _ = try await Migrator(migrations: Schema.migrations).up(on: pool)
            try await body(pool)
        }
    }

    @Test("can be dropped and created again")
    func downAndUp() async throws {
        try await with { pool in
            _ = try await pool.query(Self.insertUser)
            let taken = try await Migrator(migrations: Schema.migrations).down(to: 2, on: pool)
            #expect(taken.count == Schema.migrations.count - 2)
            let gone = try await pool.query("SELECT to_regclass('users') IS NULL AS gone").first?.bool("gone")
            #expect(gone == true)
            _ = try await Migrator(migrations: Schema.migrations).up(on: pool)
            let users = try await pool.query("SELECT count(*) AS users FROM users").first?.integer("users")
            #expect(users == 0)
        }
    }

    @Test("reject invalid rows by constraints")
    func constraints() async throws {
        try await with { pool in
            func state(_ sql: String) async -> String? {
                do throws(PostgresError) {
                    _ = try await pool.query(PostgresStatement(sql))
                    return nil
                } catch {
                    return error.sqlState
                }
            }
            let token = "INSERT INTO refresh_tokens (hash, family_id, expires_at, used_at) VALUES"
            func hash(_ digit: String) -> String { "'\\x\(String(repeating: digit, count: 64))'" }
            #expect(await state(Self.insertUser) == nil)
            #expect(await state(Self.insertUser.replacing("0001'", with: "0009'")) == "23505")
            #expect(await state("UPDATE users SET roles = '{root}'") == "23514")
            #expect(await state("UPDATE users SET roles = '{}'") == "23514")
            #expect(await state("UPDATE users SET name = ''") == "23514")
            #expect(
                await state(
                    "INSERT INTO refresh_families (id, user_id, expires_at) VALUES ('\(Self.family)', '\(Self.user)', now())"
                ) == nil)
            #expect(await state("\(token) (\(hash("a")), '\(Self.family)', now(), NULL)") == nil)
            // At most one token of a family can be exchanged.
            #expect(await state("\(token) (\(hash("b")), '\(Self.family)', now(), NULL)") == "23505")
            #expect(await state("\(token) (\(hash("b")), '\(Self.family)', now(), now())") == nil)
            #expect(await state("\(token) ('\\xaa', '\(Self.family)', now(), now())") == "23514")
            #expect(await state("DELETE FROM users") == nil)
            let left = try await pool.query("SELECT count(*) AS tokens FROM refresh_tokens").first?.integer("tokens")
            #expect(left == 0)
        }
    }
}
