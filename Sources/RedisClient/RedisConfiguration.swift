/// Where Redis is, and how long to wait for it.
public struct RedisConfiguration: Sendable {
    /// An address.
    public enum Address: Sendable, Equatable {
        /// TCP.
        case host(String, port: Int)
        /// A unix socket's path.
        case unix(String)
    }

    /// Where it listens.
    public var address: Address
    /// ACL user; `nil` for the default one.
    public var user: String?
    /// Password; `nil` for none.
    public var password: String?
    /// Database number.
    public var database = 0
    /// After this long without an answer a command's outcome is unknown, and the connection is made anew. Redis answers
    /// in well under a millisecond; two seconds is a stall, not load.
    public var commandTimeout = Duration.seconds(2)
    /// How long a command waits for a connection that is being made, and how long making one may take.
    public var connectTimeout = Duration.seconds(1)
    /// The identity of the server is compared this often.
    public var identityInterval = Duration.milliseconds(500)
    /// Reconnects wait between these, growing twofold, at random up to the bound.
    public var backoff = Duration.milliseconds(20)...Duration.seconds(1)
    /// Commands waiting for a connection; more fail at once.
    public var backlogLimit = 10_000

    /// Reads `redis://[user:password@]host[:port][/db]` or `unix:/path`.
    ///
    /// - Throws: `.misconfigured`, saying what is wrong.
    public init(url: String) throws(RedisError) {
        if url.hasPrefix("unix:") {
            let path = url.dropFirst("unix:".count)
            guard path.hasPrefix("/") else { throw RedisError(.misconfigured, "unix: needs an absolute path") }
            address = .unix(String(path))
            return
        }
        guard url.hasPrefix("redis://") else {
            throw RedisError(.misconfigured, "the address must begin with redis:// or unix:")
        }
        var rest = url.dropFirst("redis://".count)
        if let at = rest.lastIndex(of: "@") {
            let credentials = rest[..<at]
            rest = rest[rest.index(after: at)...]
            guard let colon = credentials.firstIndex(of: ":") else {
                throw RedisError(.misconfigured, "credentials must be user:password")
            }
            let user = try Self.decode(credentials[..<colon])
            self.user = user.isEmpty ? nil : user
            password = try Self.decode(credentials[credentials.index(after: colon)...])
        }
        if let slash = rest.firstIndex(of: "/") {
            let text = rest[rest.index(after: slash)...]
            guard let number = text.isEmpty ? 0 : Int(text), (0..<1024).contains(number) else {
                throw RedisError(.misconfigured, "the database must be a number")
            }
            database = number
            rest = rest[..<slash]
        }
        address = try Self.host(rest)
    }

    private static func host(_ text: Substring) throws(RedisError) -> Address {
        var host = text
        var port = 6379
        if let colon = text.lastIndex(of: ":"), !text[colon...].contains("]") {
            guard let number = Int(text[text.index(after: colon)...]), (1...65535).contains(number) else {
                throw RedisError(.misconfigured, "the port must be 1 to 65535")
            }
            port = number
            host = text[..<colon]
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard !host.isEmpty else { throw RedisError(.misconfigured, "the host is missing") }
        return .host(String(host), port: port)
    }

    /// Undoes percent-encoding (RFC 3986, section 2.1).
    private static func decode(_ text: Substring) throws(RedisError) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(rest.prefix(2)) ?? "", radix: 16) else {
                throw RedisError(.misconfigured, "the credentials have a malformed %-escape")
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// What tells one Redis, and one life of it, from another.
///
/// All three parts count: a fail-back keeps the run id and drops no connection, a replica has its primary's replication
/// id.
public struct RedisIdentity: Sendable, Equatable {
    /// Made anew by every start of the process.
    public let runID: String
    /// Made anew when a replica is promoted.
    public let replicationID: String
    /// Whether it takes writes.
    public let isMaster: Bool

    /// All of it in one word.
    public var token: String { "\(runID)/\(replicationID)/\(isMaster ? "master" : "replica")" }

    /// Reads the reply of `INFO`; `nil` when a part is missing.
    init?(info: String) {
        var fields: [Substring: Substring] = [:]
        for line in info.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[line[..<colon]] = line[line.index(after: colon)...]
        }
        guard let run = fields["run_id"], let replication = fields["master_replid"], let role = fields["role"] else {
            return nil
        }
        runID = String(run)
        replicationID = String(replication)
        isMaster = role == "master"
    }
}
