import Foundation
import Loops
import PostgresClient
import Records
import RedisClient
import SeatInventory

/// `usher migrate [--roles]`, `usher migrate --status`, `usher migrate --down-to N [--yes]`.
struct Migrate {
    private let settings: Settings
    private let options: Options

    init(_ settings: Settings, _ options: Options) {
        self.settings = settings
        self.options = options
    }

    func run() async throws {
        if options.has("status") { return try await status() }
        if let text = options["down-to"] {
            guard let number = Int(text), number >= 0 else {
                throw Failure("--down-to must be the number of a migration, not “\(text)”.")
            }
            return try await takeBack(to: number)
        }
        // Validate the settings before changing anything.
        let passwords = options.has("roles") ? try settings.rolePasswords() : nil
        let redis = try passwords.map { _ in try settings.redis() }
        let applied = try await Stores.prepare(settings)
        for migration in applied { print("Applied \(migration.number), \(migration.name).") }
        try await onPool { pool in
            let roles = DatabaseRoles(pool: pool)
            guard let passwords else { return try await roles.grant() }
            try await roles.make(passwords: [
                .serve: passwords.serve, .reconcile: passwords.reconcile, .migrate: passwords.migrate,
            ])
            try await CommandAudit(pool).record("migrate.roles")
        }
        print("The schema matches this binary.")
        guard let passwords, let redis else { return }
        print("PostgreSQL has the roles \(DatabaseRole.allCases.map(\.rawValue).joined(separator: ", ")).")
        try await makeUsers(redis, [.serve: passwords.serve, .reconcile: passwords.reconcile])
    }

    private func takeBack(to number: Int) async throws {
        let isConfirmed = options.has("yes")
        try await onPool { pool in
            let migrator = try Migrator(migrations: Schema.migrations)
            let unwanted = try await migrator.status(on: pool).filter {
                $0.number > number && $0.appliedMilliseconds != nil
            }
            guard isConfirmed || unwanted.isEmpty else {
                throw Failure(
                    "This reverts \(Self.list(unwanted)) and drops all data of the tables that they created. Stop "
                        + "serve and reconcile, make a backup, and add --yes.")
            }
            let taken = try await migrator.down(to: number, on: pool)
            // Fails if the audit log's table itself was dropped.
            if !taken.isEmpty {
                try? await CommandAudit(pool).record("migrate.down", reason: "back to migration \(number)")
            }
            print("Reverted: \(unwanted.isEmpty ? "nothing" : Self.list(unwanted)).")
        }
    }

    /// Latest first, in the order in which they are reverted.
    private static func list(_ migrations: [Migrator.Status]) -> String {
        migrations.reversed().map { "\($0.number) (\($0.name))" }.joined(separator: ", ")
    }

    private func status() async throws {
        try await onPool { pool in
            let found = try await Migrator(migrations: Schema.migrations).status(on: pool)
            for migration in found {
                let time =
                    migration.appliedMilliseconds.map {
                        "applied \(Date(timeIntervalSince1970: Double($0 / 1000)).formatted(.iso8601))"
                    } ?? "missing"
                print("\(migration.number)  \(migration.name)  \(time)")
            }
            let missing = found.count { $0.appliedMilliseconds == nil }
            print(
                missing == 0 ? "The schema matches this binary." : "\(missing) missing; usher migrate applies them.")
        }
    }

    private func onPool(_ work: @escaping @Sendable (PostgresPool) async throws -> Void) async throws {
        let postgres = try settings.postgres()
        let loop = try EventLoop(name: "migrate")
        defer { loop.stop() }
        try await loop.run { loop in
            try await Stores.waitForPostgres(loop, postgres)
            let pool = PostgresPool(loop: loop, configuration: postgres)
            defer { pool.close() }
            do {
                try await work(pool)
            } catch let error as PostgresError {
                throw Failure("PostgreSQL (DATABASE_URL) refuses: \(error.message ?? error.description)")
            }
        }
    }

    /// Stores Redis's `appendfsync` setting for the accounts that may not read Redis's configuration.
    private func storeAppendfsync(_ connection: RedisConnection) async throws {
        guard let run = try await RedisCheck.run(connection),
            let sync = try? await connection.send(RedisCommand(["CONFIG", "GET", "appendfsync"])).array?.last?.string
        else { return }
        _ = try await connection.send(RedisCommand(["SET", RedisRole.settingsKey, "\(run) \(sync)"]))
    }

    /// Creates the users in Redis. Without an aclfile they last until Redis restarts.
    private func makeUsers(_ redis: RedisConfiguration, _ passwords: [RedisRole: String]) async throws {
        let loop = try EventLoop(name: "migrate")
        defer { loop.stop() }
        let users = RedisRole.allCases.map { (name: $0.rawValue, rules: $0.rules(password: passwords[$0] ?? "")) }
        let isKept = try await loop.run { loop in
            let connection = RedisConnection(loop: loop, configuration: redis)
            try connection.start()
            defer { connection.close() }
            do {
                for user in users {
                    _ = try await connection.send(RedisCommand(["ACL", "SETUSER", user.name] + user.rules))
                }
                try await storeAppendfsync(connection)
                let file = try await connection.send(RedisCommand(["CONFIG", "GET", "aclfile"])).array?.last?.string
                guard file?.isEmpty == false else { return false }
                _ = try await connection.send(RedisCommand(["ACL", "SAVE"]))
                return true
            } catch let error as RedisError {
                throw Failure("Redis (REDIS_URL) refuses to create users: \(error.reason)")
            }
        }
        print("Redis has the users \(users.map(\.name).joined(separator: ", ")).")
        if !isKept {
            print("Redis has no aclfile and loses them when it restarts; add these lines to redis.conf to keep them:\n")
            for user in users { print("user \(user.name) \(user.rules.joined(separator: " "))") }
        }
    }
}
