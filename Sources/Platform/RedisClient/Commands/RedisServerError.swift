/// An error reply: the server read the command and refused it, or the command failed.
package struct RedisServerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The first word of the reply, which identifies the kind of error.
    package struct Kind: Sendable, Hashable {
        /// The word, for example `READONLY`.
        package let prefix: String

        /// A kind with a given first word; for errors that functions define.
        package init(prefix: String) { self.prefix = prefix }

        /// The function does not exist. Redis replies with `ERR`; the kind is derived from the full reply.
        package static let noFunction = Kind(prefix: "NOFUNCTION")
        /// The library exists already. Redis replies with `ERR`; the kind is derived from the full reply.
        package static let libraryExists = Kind(prefix: "LIBRARYEXISTS")
        /// The server is a replica, and the command writes.
        package static let readOnly = Kind(prefix: "READONLY")
        /// The server is still loading its data.
        package static let loading = Kind(prefix: "LOADING")
        /// The memory limit is reached, and the command may use more memory.
        package static let outOfMemory = Kind(prefix: "OOM")
        /// The server cannot write its data to disk.
        package static let misconfigured = Kind(prefix: "MISCONF")
        /// A script or function has been running for too long.
        package static let busy = Kind(prefix: "BUSY")
        /// Too few replicas are connected for a write.
        package static let noReplicas = Kind(prefix: "NOREPLICAS")
        /// The key belongs to another node of the cluster.
        package static let moved = Kind(prefix: "MOVED")
        /// The cluster does not serve all keys.
        package static let clusterDown = Kind(prefix: "CLUSTERDOWN")
        /// The replica's link to its master is down.
        package static let masterDown = Kind(prefix: "MASTERDOWN")
        /// The key has a value of another type.
        package static let wrongType = Kind(prefix: "WRONGTYPE")
        /// A password is required.
        package static let notAuthenticated = Kind(prefix: "NOAUTH")
        /// The user or password is wrong.
        package static let wrongPassword = Kind(prefix: "WRONGPASS")
        /// The user lacks the permission.
        package static let noPermission = Kind(prefix: "NOPERM")
        /// Error of Usher's functions: the outbox is missing, and nothing was written.
        package static let noOutbox = Kind(prefix: "NOOUTBOX")
        /// Any other error.
        package static let other = Kind(prefix: "ERR")

        /// Whether the error proves that nothing was written.
        ///
        /// Redis refuses with these before a command runs and, inside a function, before its first write.
        package var provesNothingWritten: Bool { Self.proofs.contains(self) }

        /// Whether the error suggests that this is not the expected server any more.
        var makesIdentityDoubtful: Bool { Self.doubts.contains(self) }

        private static let doubts: Set<Kind> = [.readOnly, .moved, .loading, .masterDown, .clusterDown]
        private static let proofs: Set<Kind> = doubts.union([
            .noFunction, .libraryExists, .outOfMemory, .misconfigured, .busy, .noReplicas, .notAuthenticated,
            .wrongPassword,
        ])
    }

    package let kind: Kind
    /// The full reply. May quote arguments: do not log.
    package let message: String

    /// A longer first word is treated as prose.
    private static let maximumPrefixBytes = 32

    /// Parses the reply, without its leading `-`.
    package init(message: String) {
        self.message = message
        guard !message.hasPrefix("ERR ") else {
            kind = Self.kindOfPlainError(message)
            return
        }
        let word = message.utf8.prefix { $0 != UInt8(ascii: " ") }
        let isPrefix = !word.isEmpty && word.count <= Self.maximumPrefixBytes && word.allSatisfy(Self.isPrefixByte)
        kind = isPrefix ? Kind(prefix: String(decoding: word, as: UTF8.self)) : .other
    }

    /// For replies whose first word is ambiguous.
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

    /// The kind only: safe to log.
    package var description: String { kind.prefix }
}
