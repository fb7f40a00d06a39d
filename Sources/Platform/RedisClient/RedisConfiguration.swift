/// Address, credentials and timeouts of a Redis connection.
package struct RedisConfiguration: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The server's address.
    package enum Endpoint: Sendable, Equatable {
        /// A host name or numeric address, and a port from 1.
        case tcp(host: String, port: UInt16)
        /// Path of a unix socket, at most 107 bytes.
        case unix(path: String)
    }

    package var endpoint: Endpoint
    /// The ACL user; nil means the default user.
    package var user: String?
    /// The password; nil sends none.
    package var password: String?
    /// The database number; not negative.
    package var database = 0
    /// The connection's name in the server's client list; nil for none. No spaces.
    package var clientName: String?
    /// Timeout for the reply of a command that is queued on an open connection.
    package var commandTimeout = Duration.seconds(2)
    /// Timeout for an attempt to connect, and for a command that waits for a connection.
    package var connectTimeout = Duration.seconds(2)
    /// How long after losing the connection commands still wait for a new one; after that they fail at once until it is
    /// open.
    package var outagePatience = Duration.seconds(2)
    /// The first delay before reconnecting; it doubles with each failure, with jitter down to half.
    package var minimumBackoff = Duration.milliseconds(50)
    /// The maximum delay.
    package var maximumBackoff = Duration.seconds(2)
    /// Maximum commands waiting for a reply or a connection; further ones fail with `queueFull`.
    package var maximumQueuedCommands = 65_536
    /// How often the server's identity is queried.
    package var identityInterval = Duration.milliseconds(500)
    /// How often deadlines are checked, which is their precision.
    package var heartbeat = Duration.milliseconds(50)

    /// The default timeouts.
    package init(_ endpoint: Endpoint) { self.endpoint = endpoint }

    /// The address without the password.
    package var description: String {
        switch endpoint {
        case .tcp(let host, let port): "redis://\(host):\(port)/\(database)"
        case .unix(let path): "unix:\(path)?db=\(database)"
        }
    }

    package var debugDescription: String { description }

    /// Empty, so that a dump does not show the password.
    package var customMirror: Mirror { Mirror(self, children: []) }
}
