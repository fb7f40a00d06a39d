/// Migrates the schema to the program's version, and back.
///
/// Replicas may start together: one migrates while the others wait for its advisory lock.
package struct Migrator: Sendable {
    /// In order of application.
    package let migrations: [Migration]

    /// One migration, and whether it is applied.
    package struct Status: Sendable, Hashable {
        /// Counts from 1.
        package let number: Int
        /// A verb and its object.
        package let name: String
        /// When it was applied, in milliseconds since 1970; nil if it is not applied.
        package let appliedMilliseconds: Int64?
    }

    /// The advisory lock's key: "usher" in ASCII, so that collisions with other programs are unlikely.
    static let lockKey: Int64 = 0x75_7368_6572

    /// Takes migrations numbered from 1 without gaps.
    ///
    /// - Throws: `.invalid` otherwise.
    package init(migrations: [Migration]) throws(MigrationError) {
        for (index, migration) in migrations.enumerated() where migration.number != index + 1 {
            throw MigrationError(.invalid, "\(migration.name) comes where number \(index + 1) should")
        }
        self.migrations = migrations
    }

    /// Takes the files `NNNN_verb_noun.up.sql` and `.down.sql` with their texts.
    ///
    /// - Throws: `.invalid`, naming the file.
    package init(files: [(name: String, text: String)]) throws(MigrationError) {
        try self.init(migrations: Migration.pair(files))
    }

    /// Applies missing migrations, each in its own transaction.
    ///
    /// - Parameters:
    ///   - pool: names the database; the migrator opens its own connection, without a statement timeout.
    ///   - onBegin: called with each migration before it is applied; on a large table it may take minutes.
    /// - Returns: the numbers applied by this call.
    /// - Throws: `MigrationError`, `PostgresError`.
    package func up(on pool: PostgresPool, onBegin: (Migration) -> Void = { _ in }) async throws -> [Int] {
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

    /// Reverts migrations from the last, each in its own transaction, until `number` is the last applied one.
    ///
    /// - Parameters:
    ///   - number: at least 0, which reverts all.
    ///   - pool: names the database.
    /// - Returns: the reverted numbers, in that order.
    /// - Throws: `MigrationError`, `PostgresError`.
    package func down(to number: Int, on pool: PostgresPool) async throws -> [Int] {
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

    /// Each migration and whether it is applied; takes no locks and changes nothing.
    ///
    /// - Throws: `MigrationError` if the applied migrations do not match this program's; `PostgresError`.
    package func status(on pool: PostgresPool) async throws -> [Status] {
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

    /// Timeout for the lock and for each migration: long enough to rewrite large tables, but bounded.
    private static let patience = Duration.seconds(3_600)

    private func locked<Value>(
        _ pool: PostgresPool, _ body: nonisolated(nonsending) (PostgresConnection) async throws -> Value
    ) async throws -> Value {
        var configuration = pool.configuration
        configuration.commandTimeout = Self.patience
        configuration.statementTimeout = .zero
        let connection = try await PostgresConnection.connect(on: pool.loop, configuration: configuration)
        // The lock belongs to the session, so closing the connection always releases it.
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

    /// The applied migrations, after checking that they are a prefix of this program's.
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
