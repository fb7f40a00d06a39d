import Logging
import Loops
import PostgresClient
import Records
import RedisClient

/// Start-up checks of the stores, shared by the commands.
enum Stores {
    /// Waits until PostgreSQL accepts connections: compose starts all services at once.
    static func waitForPostgres(_ loop: EventLoop, _ configuration: PostgresConfiguration) async throws {
        var last: PostgresError?
        for _ in 0..<50 {
            do throws(PostgresError) {
                return try await PostgresConnection.connect(on: loop, configuration: configuration).close()
            } catch {
                last = error
                await loop.sleep(for: .milliseconds(200))
            }
        }
        throw Failure("PostgreSQL (DATABASE_URL) cannot be reached: \(last?.message ?? "no answer")")
    }

    /// Waits until Redis answers on this connection.
    static func reach(_ connection: RedisConnection) async throws {
        do throws(RedisError) {
            _ = try await connection.send(RedisCommand(["PING"]))
        } catch {
            throw Failure("Redis (REDIS_URL) cannot be reached: \(error.reason).")
        }
    }

    /// Applies missing migrations, and creates or checks the partitions. Writes nothing if there is nothing to do, so
    /// that an account without permission to change the schema is enough.
    ///
    /// - Returns: the migrations that were applied.
    @discardableResult
    static func prepare(_ settings: Settings) async throws -> [Migration] {
        let postgres = try settings.postgres()
        let partitions = try settings.partitions()
        let loop = try EventLoop(name: "prepare")
        defer { loop.stop() }
        return try await loop.run { loop in
            try await waitForPostgres(loop, postgres)
            let pool = PostgresPool(loop: loop, configuration: postgres)
            defer { pool.close() }
            let applied = try await migrate(pool)
            let fixed = try await Partitions(pool: pool).ensure(count: partitions)
            guard fixed == partitions else {
                throw Failure(
                    "USHER_PARTITIONS is \(partitions), but this database was set up with \(fixed) partitions.")
            }
            return applied
        }
    }

    private static func migrate(_ pool: PostgresPool) async throws -> [Migration] {
        do {
            let migrator = try Migrator(migrations: Schema.migrations)
            guard try await migrator.status(on: pool).contains(where: { $0.appliedMilliseconds == nil }) else {
                return []
            }
            defer { Progress.end() }
            let applied = try await migrator.up(on: pool) { migration in
                Progress.tell("Migrating: \(migration.number) of \(Schema.migrations.count), \(migration.name)")
            }
            if let last = applied.last {
                try await CommandAudit(pool).record("migrate.up", reason: "to migration \(last)")
            }
            return Schema.migrations.filter { applied.contains($0.number) }
        } catch  where Self.isForbidden(error) {
            throw Failure("The database's schema does not match this binary; run usher migrate as its owner.")
        } catch {
            throw Failure("The database cannot be migrated: \(error)")
        }
    }

    /// Whether PostgreSQL reported 42501, insufficient privilege.
    private static func isForbidden(_ error: any Error) -> Bool {
        ((error as? MigrationError)?.underlying ?? error as? PostgresError)?.sqlState == "42501"
    }

    /// Checks Redis's settings; throws if they are unsafe.
    ///
    /// - Returns: whether an acknowledged write survives a power failure.
    static func checkRedis(_ settings: Settings) async throws -> Bool {
        let configuration = try settings.redis()
        let loop = try EventLoop(name: "check")
        defer { loop.stop() }
        return try await loop.run { loop in
            let connection = RedisConnection(loop: loop, configuration: configuration)
            try connection.start()
            defer { connection.close() }
            let finding = try await RedisCheck(connection).run()
            for warning in finding.warnings {
                Log.warning("Redis's configuration may lose data") { $0.add("finding", warning.sentence) }
            }
            if let refusal = finding.refusals.first {
                throw Failure([refusal.sentence, refusal.remedy].filter { !$0.isEmpty }.joined(separator: " "))
            }
            return finding.isDurable
        }
    }
}
