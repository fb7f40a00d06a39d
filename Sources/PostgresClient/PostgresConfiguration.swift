/// Where PostgreSQL is, and how long to wait for it.
public struct PostgresConfiguration: Sendable {
    /// A libpq address: `postgresql://…` or `key=value …`.
    public var url: String
    /// Connections a pool keeps. A few serve many requests; each costs the server about 10 MB.
    public var size = 4
    /// How long a request waits for a free connection.
    public var acquireTimeout = Duration.seconds(2)
    /// After this long a statement's outcome is unknown and its connection is given up.
    public var statementTimeout = Duration.seconds(5)
    /// How long making a connection may take.
    public var connectTimeout = Duration.seconds(3)
    /// Waiting time after a failed connection; meanwhile requests fail at once, so that a dead server is not hammered.
    public var retryInterval = Duration.milliseconds(250)
    /// Requests waiting for a connection; more fail at once.
    public var waitingLimit = 1000

    /// The defaults for an address.
    public init(url: String) { self.url = url }
}

/// A statement and its parameters.
public struct PostgresStatement: Sendable {
    /// SQL with `$1`…
    public let sql: String
    /// What `$1`… stand for.
    public let parameters: [PostgresValue]

    /// A statement.
    public init(_ sql: String, _ parameters: [PostgresValue] = []) {
        self.sql = sql
        self.parameters = parameters
    }
}

extension Duration {
    /// In nanoseconds; settings are far below the 292 years that fit.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
