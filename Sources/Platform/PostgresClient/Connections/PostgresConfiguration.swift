import Loops

/// Address and timeouts of a PostgreSQL server.
package struct PostgresConfiguration: Sendable, CustomStringConvertible {
    /// A libpq URI or keyword string, such as `postgres://user:password@host:5432/database`. Never logged.
    package var uri: String
    /// Maximum connections of a pool; at least 1. Keep it small, because PostgreSQL runs a process for each: about one
    /// per core of its machine, shared among all loops of all replicas.
    package var poolSize = 4
    /// Maximum callers that wait for a pool's connection; further ones get `.poolTimeout` at once.
    package var maximumWaiters = 1_024
    /// Maximum wait for a free connection of a pool.
    package var acquireTimeout = Duration.seconds(5)
    /// Maximum wait for a new connection, after name resolution.
    package var connectTimeout = Duration.seconds(5)
    /// Maximum wait for a command's answer; beyond it, the connection is dropped and the outcome is unknown.
    package var commandTimeout = Duration.seconds(10)
    /// When the server cancels a statement, which is a clean failure; nil means 90 % of `commandTimeout`.
    package var statementTimeout: Duration?
    /// When the server ends a session that left a transaction open, releasing its locks.
    package var idleInTransactionTimeout = Duration.seconds(30)
    /// The first pause after a failed connection; it doubles with each failure, and half of it is random.
    package var backoffBase = Duration.milliseconds(100)
    /// The maximum pause.
    package var backoffLimit = Duration.seconds(5)
    /// Maximum prepared statements per connection; each costs the server some 10–100 KiB.
    package var preparedStatements = 256

    package init(uri: String) { self.uri = uri }

    /// Safe to log: omits the URI, which may contain a password.
    package var description: String { "PostgresConfiguration(poolSize: \(poolSize))" }

    /// libpq parameters; the URI overrides those before `dbname`, but not those after it.
    var connectionParameters: [(keyword: String, value: String)] {
        [
            // Trying GSSAPI first would read ticket files and cost a round trip.
            ("gssencmode", "disable"), ("fallback_application_name", "usher"),
            // Detects a vanished peer within a minute, even while no command is running.
            ("keepalives_idle", "30"), ("keepalives_interval", "10"), ("keepalives_count", "3"),
            ("tcp_user_timeout", "30000"), ("dbname", uri), ("client_encoding", "UTF8"),
        ]
    }

    /// The first command of each session.
    var sessionSettings: PostgresStatement {
        let statement = statementTimeout ?? commandTimeout * 9 / 10
        return PostgresStatement(
            """
            SELECT set_config('statement_timeout', $1, false),
                   set_config('idle_in_transaction_session_timeout', $2, false)
            """,
            [.text("\(statement.milliseconds)"), .text("\(idleInTransactionTimeout.milliseconds)")], isPrepared: false)
    }
}
