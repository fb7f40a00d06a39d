import Foundation
import Support

/// Configuration of stores that require passwords for the accounts of `usher migrate --roles`, and settings to use
/// them.
struct Accounts {
    static let passwords = [
        "USHER_SERVE_PASSWORD": "the password of serve", "USHER_RECONCILE_PASSWORD": "the password of reconcile",
        "USHER_MIGRATE_PASSWORD": "the password of migrate",
    ]

    let directory: TemporaryDirectory
    /// Redis's aclfile, so that its users survive a restart.
    let redisUsers: String
    /// PostgreSQL's pg_hba.conf, which requires passwords for these accounts.
    let postgresRules: String

    init() throws {
        directory = try TemporaryDirectory()
        redisUsers = directory.path + "/users.acl"
        postgresRules = directory.path + "/pg_hba.conf"
        try "user default on nopass ~* &* +@all\n".write(toFile: redisUsers, atomically: false, encoding: .utf8)
        try """
        local all all trust
        host all usher_serve,usher_reconcile,usher_migrate 127.0.0.1/32 scram-sha-256
        host all all 127.0.0.1/32 trust

        """.write(toFile: postgresRules, atomically: false, encoding: .utf8)
    }

    /// The addresses of both stores for a role.
    static func environment(
        _ role: String, _ redis: RedisServerProcess, _ postgres: PostgresServerProcess
    ) -> [String: String] {
        let password = (passwords["USHER_\(role.uppercased())_PASSWORD"] ?? "").replacing(" ", with: "%20")
        return [
            "REDIS_URL": "redis://usher_\(role):\(password)@127.0.0.1:\(redis.port)",
            "DATABASE_URL": "postgresql://usher_\(role):\(password)@127.0.0.1:\(postgres.port)/postgres",
        ]
    }
}
