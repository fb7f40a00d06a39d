import Cryptography

/// One step of the schema, and the way back.
public struct Migration: Sendable {
    /// Its place in the order, from 1.
    public let number: Int
    /// `verb_noun`.
    public let name: String
    /// SQL that takes the step.
    public let up: String
    /// SQL that takes it back.
    public let down: String

    /// A migration.
    public init(number: Int, name: String, up: String, down: String) {
        self.number = number
        self.name = name
        self.up = up
        self.down = down
    }

    /// What the database remembers of the text it ran.
    var checksum: String { hexadecimal(sha256(Array(up.utf8))) }
}

/// Brings a database to the schema of this binary. Copies that start together take turns by an advisory lock.
public struct Migrator: Sendable {
    private let migrations: [Migration]

    /// So that no other program's advisory lock is met: "usher" in ASCII.
    private static let lock: Int64 = 0x75_73_68_65_72

    /// A migrator.
    ///
    /// - Parameter migrations: in order, numbered from 1 without a gap.
    public init(_ migrations: [Migration]) {
        precondition(migrations.map(\.number) == Array(1...max(1, migrations.count)), "migrations are numbered 1, 2, …")
        self.migrations = migrations
    }

    /// Takes every step that is missing.
    ///
    /// - Returns: the names of the steps taken.
    /// - Throws: `.migration` when a step taken earlier reads differently now, or the database knows more steps.
    @discardableResult
    public func up(_ connection: PostgresConnection) async throws(PostgresError) -> [String] {
        try await locked(connection) { (applied: [Int64: String]) throws(PostgresError) -> [String] in
            try check(applied)
            var taken: [String] = []
            for migration in migrations where applied[Int64(migration.number)] == nil {
                try await take(migration, connection)
                taken.append(migration.name)
            }
            return taken
        }
    }

    /// Takes back every step above `number`, the last first.
    @discardableResult
    public func down(
        to number: Int, _ connection: PostgresConnection
    ) async throws(PostgresError) -> [String] {
        try await locked(connection) { (applied: [Int64: String]) throws(PostgresError) -> [String] in
            try check(applied)
            var taken: [String] = []
            for migration in migrations.reversed()
            where migration.number > number && applied[Int64(migration.number)] != nil {
                let forget = "DELETE FROM schema_migrations WHERE number = \(migration.number);"
                _ = try await connection.simple("BEGIN;\n\(migration.down)\n;\(forget)\nCOMMIT;")
                taken.append(migration.name)
            }
            return taken
        }
    }

    private func locked(
        _ connection: PostgresConnection,
        _ body: nonisolated(nonsending) ([Int64: String]) async throws(PostgresError) -> [String]
    ) async throws(PostgresError) -> [String] {
        // Asking again and again instead of waiting in the server keeps each statement short.
        while try await connection.query("SELECT pg_try_advisory_lock($1::bigint) AS locked", [.integer(Self.lock)])
            .first?.bool("locked") != true
        {
            _ = try await connection.query("SELECT pg_sleep(0.05)")
        }
        let result: [String]
        do throws(PostgresError) {
            result = try await body(try await applied(connection))
        } catch {
            if connection.isUsable { _ = try? await connection.simple("ROLLBACK") }
            await unlock(connection)
            throw error
        }
        await unlock(connection)
        return result
    }

    /// The end of the session gives the lock back in any case.
    private func unlock(_ connection: PostgresConnection) async {
        guard connection.isUsable else { return }
        _ = try? await connection.query("SELECT pg_advisory_unlock($1::bigint)", [.integer(Self.lock)])
    }

    private func applied(_ connection: PostgresConnection) async throws(PostgresError) -> [Int64: String] {
        _ = try await connection.simple(
            """
            SET client_min_messages = warning;
            CREATE TABLE IF NOT EXISTS schema_migrations (
                number int PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT now());
            """)
        let rows = try await connection.query("SELECT number, checksum FROM schema_migrations")
        var applied: [Int64: String] = [:]
        for index in 0..<rows.count {
            applied[try rows[index].integer("number")] = try rows[index].text("checksum")
        }
        return applied
    }

    private func check(_ applied: [Int64: String]) throws(PostgresError) {
        for (number, checksum) in applied {
            guard let migration = migrations.first(where: { $0.number == Int(number) }) else {
                throw PostgresError(
                    .migration, "the database has migration \(number), which this binary does not know: it is older")
            }
            guard migration.checksum == checksum else {
                throw PostgresError(
                    .migration, "migration \(number) (\(migration.name)) was changed after it had been applied")
            }
        }
    }

    private func take(_ migration: Migration, _ connection: PostgresConnection) async throws(PostgresError) {
        let remember = """
            INSERT INTO schema_migrations (number, name, checksum)
            VALUES (\(migration.number), '\(migration.name)', '\(migration.checksum)');
            """
        _ = try await connection.simple("BEGIN;\n\(migration.up)\n;\(remember)\nCOMMIT;")
    }
}
