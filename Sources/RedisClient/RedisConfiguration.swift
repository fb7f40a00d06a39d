/// Where a Redis is, and how patient its connections are.
public struct RedisConfiguration: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Where the server listens.
    public enum Endpoint: Sendable, Equatable {
        /// A name or numeric address, and a port from 1.
        case tcp(host: String, port: UInt16)
        /// A unix socket's path, at most 107 bytes.
        case unix(path: String)
    }

    /// Where the server listens.
    public var endpoint: Endpoint
    /// The ACL user; nil means the default user.
    public var user: String?
    /// The password; nil means that none is sent.
    public var password: String?
    /// The number of the database; not negative.
    public var database = 0
    /// What the server lists the connection as; nil means nothing. No spaces.
    public var clientName: String?
    /// How long a command may wait for its reply after it was queued on a connection that is up.
    public var commandTimeout = Duration.seconds(2)
    /// How long an attempt to connect may take, and how long a command may wait for a connection.
    public var connectTimeout = Duration.seconds(2)
    /// For how long without a connection commands still wait for one; after it they fail at once until there is one.
    public var outagePatience = Duration.seconds(2)
    /// The least wait before connecting again; it doubles with each failure and is jittered down to its half.
    public var minimumBackoff = Duration.milliseconds(50)
    /// The most that the wait grows to.
    public var maximumBackoff = Duration.seconds(2)
    /// How many commands may wait for a reply or a connection; a further one fails with `queueFull`.
    public var maximumQueuedCommands = 65_536
    /// How often the server's identity is asked for.
    public var identityInterval = Duration.milliseconds(500)
    /// How often deadlines are looked at: they are kept this exactly.
    public var heartbeat = Duration.milliseconds(50)

    /// The usual patience with a server.
    public init(_ endpoint: Endpoint) { self.endpoint = endpoint }

    /// Where it connects to, without the password.
    public var description: String {
        switch endpoint {
        case .tcp(let host, let port): "redis://\(host):\(port)/\(database)"
        case .unix(let path): "unix:\(path)?db=\(database)"
        }
    }

    /// Where it connects to, without the password.
    public var debugDescription: String { description }

    /// Nothing: a dump must not show the password.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
