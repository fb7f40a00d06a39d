import EventLoop

/// Where PostgreSQL is and how long to wait for it.
public struct PostgresConfiguration: Sendable, CustomStringConvertible {
    /// A libpq URI or keyword string, such as `postgres://user:password@host:5432/database`. Never logged.
    public var uri: String
    /// Most connections a pool opens; at least 1. PostgreSQL runs a process for each, so few: about one per core
    /// of its machine, shared among all the loops of all copies.
    public var poolSize = 4
    /// Most callers that wait for a connection of a pool at a time; the next one gets `.poolTimeout` at once.
    public var maximumWaiters = 1_024
    /// Longest wait for a free connection of a pool.
    public var acquireTimeout = Duration.seconds(5)
    /// Longest wait for a new connection, once the host's name is resolved.
    public var connectTimeout = Duration.seconds(5)
    /// Longest wait for a command's answer; then the connection is dropped and the outcome is unknown.
    public var commandTimeout = Duration.seconds(10)
    /// When the server itself gives a statement up, which is a clean failure; nil is 90 % of `commandTimeout`.
    public var statementTimeout: Duration?
    /// When the server ends a session that forgot an open transaction, and its locks.
    public var idleInTransactionTimeout = Duration.seconds(30)
    /// The first pause after a failed connection; each further one doubles it, and half of it is random.
    public var backoffBase = Duration.milliseconds(100)
    /// The longest such pause.
    public var backoffLimit = Duration.seconds(5)
    /// Most prepared statements a connection keeps; the server spends some 10–100 KiB on each.
    public var preparedStatements = 256

    /// The defaults for a server.
    public init(uri: String) { self.uri = uri }

    /// Safe to log: it leaves the URI out, for it may hold a password.
    public var description: String { "PostgresConfiguration(poolSize: \(poolSize))" }

    /// For libpq; what comes before `dbname` may be overridden by the URI, what comes after may not.
    var connectionParameters: [(keyword: String, value: String)] {
        [
            // Asking for GSSAPI first would read ticket files and cost a round trip.
            ("gssencmode", "disable"), ("fallback_application_name", "usher"),
            // A peer that vanished without a word is noticed within a minute even when nothing is asked of it.
            ("keepalives_idle", "30"), ("keepalives_interval", "10"), ("keepalives_count", "3"),
            ("tcp_user_timeout", "30000"), ("dbname", uri), ("client_encoding", "UTF8"),
        ]
    }

    /// What a session is told first.
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
