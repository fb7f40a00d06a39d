/// Brings the schema to the program's version, and back.
///
/// Copies that start together are safe: one works while the others wait for its advisory lock.
public struct Migrator: Sendable {
    /// In the order of application.
    public let migrations: [Migration]

    /// One migration and whether the database has it.
    public struct Status: Sendable, Hashable {
        /// From 1.
        public let number: Int
        /// A verb and what it changes.
        public let name: String
        /// When it was applied, in milliseconds since 1970; nil when it was not.
        public let appliedMilliseconds: Int64?
    }

    /// The lock's key: "usher" in ASCII, so that it is unlikely to be anybody else's.
    static let lockKey: Int64 = 0x75_7368_6572

    /// Takes migrations that are numbered from 1 without a gap.
    ///
    /// - Throws: `.invalid` otherwise.
    public init(migrations: [Migration]) throws(MigrationError) {
        for (index, migration) in migrations.enumerated() where migration.number != index + 1 {
            throw MigrationError(.invalid, "\(migration.name) comes where number \(index + 1) should")
        }
        self.migrations = migrations
    }

    /// Takes the files `NNNN_verb_noun.up.sql` and `.down.sql` with their texts.
    ///
    /// - Throws: `.invalid`, naming the file.
    public init(files: [(name: String, text: String)]) throws(MigrationError) {
        try self.init(migrations: Migration.pair(files))
    }

    /// Applies what is missing, each migration in a transaction of its own.
    ///
    /// - Parameters:
    ///   - pool: says where the database is; a connection of its own is made, without timeouts.
    ///   - onBegin: told each migration before it is applied; a large table may take it minutes.
    /// - Returns: the numbers applied now.
    /// - Throws: `MigrationError`, `PostgresError`.
    public func up(on pool: PostgresPool, onBegin: (Migration) -> Void = { _ in }) async throws -> [Int] {
        try await locked(pool) { connection in
            let applied = try await applied(on: connection)
            let missing = migrations.dropFirst(applied.count)
            for migration in missing {
                onBegin(migration)
                try await run(
                    migration, migration.up,
                    PostgresStatement(
                        "INSERT INTO schema_migrations (number, name, checksum) VALUES ($1, $2, $3)",
                        [.integer(Int64(migration.number)), .text(migration.name), .text(migration.checksum)]),
                    on: connection)
            }
            return missing.map(\.number)
        }
    }

    /// Undoes migrations from the last, each in a transaction of its own, until `number` is the last that is left.
    ///
    /// - Parameters:
    ///   - number: at least 0, which undoes all.
    ///   - pool: says where the database is.
    /// - Returns: the numbers undone, in that order.
    /// - Throws: `MigrationError`, `PostgresError`.
    public func down(to number: Int, on pool: PostgresPool) async throws -> [Int] {
        try await locked(pool) { connection in
            let applied = try await applied(on: connection)
            let unwanted = migrations.prefix(applied.count).dropFirst(max(0, number)).reversed()
            for migration in unwanted {
                try await run(
                    migration, migration.down,
                    PostgresStatement(
                        "DELETE FROM schema_migrations WHERE number = $1", [.integer(Int64(migration.number))]),
                    on: connection)
            }
            return unwanted.map(\.number)
        }
    }

    /// Each migration and whether it was applied; waits for nobody and changes nothing.
    ///
    /// - Throws: `MigrationError` when what was applied is not what this program knows; `PostgresError`.
    public func status(on pool: PostgresPool) async throws -> [Status] {
        let applied = try await pool.withConnection { connection in
            let exists = try await connection.query("SELECT to_regclass('schema_migrations') IS NOT NULL AS found")
            guard try exists[0].bool("found") else { return [Applied]() }
            return try await self.applied(on: connection)
        }
        return migrations.enumerated().map { index, migration in
            let time = index < applied.count ? applied[index].milliseconds : nil
            return Status(number: migration.number, name: migration.name, appliedMilliseconds: time)
        }
    }
}

extension Migrator {
    private struct Applied {
        let milliseconds: Int64
    }

    /// Longest wait for the lock and for any one migration: long enough to rewrite large tables, not for ever.
    private static let patience = Duration.seconds(3_600)

    private func locked<Value>(
        _ pool: PostgresPool, _ body: nonisolated(nonsending) (PostgresConnection) async throws -> Value
    ) async throws -> Value {
        var configuration = pool.configuration
        configuration.commandTimeout = Self.patience
        configuration.statementTimeout = .zero
        let connection = try await PostgresConnection.connect(on: pool.loop, configuration: configuration)
        // The lock is the session's: it goes with it, however this ends.
        defer { connection.close() }
        _ = try await connection.query("SELECT pg_advisory_lock($1)", [.integer(Self.lockKey)])
        _ = try await connection.simpleQuery(
            """
            SET client_min_messages = warning;
            CREATE TABLE IF NOT EXISTS schema_migrations (
                number integer PRIMARY KEY,
                name text NOT NULL,
                checksum text NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT now()
            )
            """)
        return try await body(connection)
    }

    /// What the database has, after checking that it is the beginning of what this program knows.
    private func applied(on connection: PostgresConnection) async throws -> [Applied] {
        let rows = try await connection.query(
            """
            SELECT number, name, checksum, (extract(epoch FROM applied_at) * 1000)::bigint AS milliseconds
            FROM schema_migrations ORDER BY number
            """)
        return try rows.enumerated().map { index, row in
            let number = Int(try row.integer("number"))
            let title = "\(number) (\(try row.string("name")))"
            guard number <= migrations.count else {
                throw MigrationError(.unknown, "the database has \(title), which this program does not know")
            }
            guard number == index + 1 else {
                throw MigrationError(.unknown, "the database has \(title) but lacks \(index + 1)")
            }
            guard try row.string("checksum") == migrations[index].checksum else {
                throw MigrationError(.changed, "\(title) was changed after it was applied")
            }
            return Applied(milliseconds: try row.integer("milliseconds"))
        }
    }

    private func run(
        _ migration: Migration, _ script: String, _ record: PostgresStatement, on connection: PostgresConnection
    ) async throws {
        do throws(PostgresError) {
            connection.beginLazily(.readCommitted)
            _ = try await connection.simpleQuery(script)
            guard connection.isInTransaction else {
                throw PostgresError(.misuse, "the script ended its transaction")
            }
            _ = try await connection.query(record)
            try await connection.commit()
        } catch {
            await connection.rollback()
            throw MigrationError(.failed, "\(migration.number) (\(migration.name)) failed", underlying: error)
        }
    }
}
