/// An error that the server replied with: the command was read and refused, or failed.
public struct RedisServerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The first word of the reply, which says what kind of error it is.
    public struct Kind: Sendable, Hashable {
        /// The word, for example `READONLY`.
        public let prefix: String

        /// The kind with a given first word; for errors that functions make up.
        public init(prefix: String) { self.prefix = prefix }

        /// No function has this name. Redis says `ERR`; the kind is told by the whole reply.
        public static let noFunction = Kind(prefix: "NOFUNCTION")
        /// The library is here already. Redis says `ERR`; the kind is told by the whole reply.
        public static let libraryExists = Kind(prefix: "LIBRARYEXISTS")
        /// The server is a replica, and the command writes.
        public static let readOnly = Kind(prefix: "READONLY")
        /// The server still reads its data.
        public static let loading = Kind(prefix: "LOADING")
        /// The memory limit is reached, and the command may use more.
        public static let outOfMemory = Kind(prefix: "OOM")
        /// The server cannot write its data to the disk.
        public static let misconfigured = Kind(prefix: "MISCONF")
        /// A script or function has been running for too long.
        public static let busy = Kind(prefix: "BUSY")
        /// Too few replicas are attached for a write.
        public static let noReplicas = Kind(prefix: "NOREPLICAS")
        /// Another node of the cluster has this key.
        public static let moved = Kind(prefix: "MOVED")
        /// The cluster does not serve all keys.
        public static let clusterDown = Kind(prefix: "CLUSTERDOWN")
        /// The replica's link to its master is down.
        public static let masterDown = Kind(prefix: "MASTERDOWN")
        /// The key holds another type of value.
        public static let wrongType = Kind(prefix: "WRONGTYPE")
        /// A password is needed.
        public static let notAuthenticated = Kind(prefix: "NOAUTH")
        /// The user or password is wrong.
        public static let wrongPassword = Kind(prefix: "WRONGPASS")
        /// The user may not do this.
        public static let noPermission = Kind(prefix: "NOPERM")
        /// Usher's functions: the outbox is gone, and nothing was written.
        public static let noOutbox = Kind(prefix: "NOOUTBOX")
        /// Any other error.
        public static let other = Kind(prefix: "ERR")

        /// Whether it proves that nothing was written.
        ///
        /// Redis refuses these before a command runs and, inside a function, before its first write.
        public var provesNothingWritten: Bool { Self.proofs.contains(self) }

        /// Whether it says that this server may not be the one that was asked for.
        var makesIdentityDoubtful: Bool { Self.doubts.contains(self) }

        private static let doubts: Set<Kind> = [.readOnly, .moved, .loading, .masterDown, .clusterDown]
        private static let proofs: Set<Kind> = doubts.union([
            .noFunction, .libraryExists, .outOfMemory, .misconfigured, .busy, .noReplicas, .notAuthenticated,
            .wrongPassword,
        ])
    }

    /// What kind of error it is.
    public let kind: Kind
    /// The whole reply. It may quote arguments: not for the log.
    public let message: String

    /// Longer first words are taken for prose.
    private static let maximumPrefixBytes = 32

    /// Reads the reply, without its leading `-`.
    public init(message: String) {
        self.message = message
        guard !message.hasPrefix("ERR ") else {
            kind = Self.kindOfPlainError(message)
            return
        }
        let word = message.utf8.prefix { $0 != UInt8(ascii: " ") }
        let isPrefix = !word.isEmpty && word.count <= Self.maximumPrefixBytes && word.allSatisfy(Self.isPrefixByte)
        kind = isPrefix ? Kind(prefix: String(decoding: word, as: UTF8.self)) : .other
    }

    /// Of replies that the first word does not tell from others.
    private static func kindOfPlainError(_ message: String) -> Kind {
        if message == "ERR Function not found" { return .noFunction }
        if message.hasPrefix("ERR Library '"), message.hasSuffix("' already exists") { return .libraryExists }
        return .other
    }

    private static func isPrefixByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"),
            UInt8(ascii: "-"):
            true
        default: false
        }
    }

    /// The kind alone: safe to log.
    public var description: String { kind.prefix }
}
