/// Why a command has no reply, or a connection cannot be made.
public struct RedisError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is known about the command.
    public struct Code: Sendable, Hashable {
        private enum Base: String {
            case notConnected, queueFull, outcomeUnknown, server, misuse, identityUnknown
        }
        private let base: Base

        /// There was no connection in time, or it was lost before the whole command was written: surely not executed.
        public static let notConnected = Code(base: .notConnected)
        /// Too many commands wait already: surely not executed.
        public static let queueFull = Code(base: .queueFull)
        /// The command was written, and the connection was lost or the deadline passed before its reply: it may have
        /// been executed, may still be, or may not.
        public static let outcomeUnknown = Code(base: .outcomeUnknown)
        /// The server replied with an error; see `serverError`.
        public static let server = Code(base: .server)
        /// The caller's mistake: an incomplete command, a setting that cannot be. Surely not executed.
        public static let misuse = Code(base: .misuse)
        /// Which server answers is not known at the moment.
        public static let identityUnknown = Code(base: .identityUnknown)

        fileprivate var name: String { base.rawValue }
    }

    /// What is known about the command.
    public let code: Code
    /// What the server replied, when the code is `server`.
    public let serverError: RedisServerError?
    /// The circumstances, without any argument of a command: safe to log.
    public let reason: String

    init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
        self.serverError = nil
    }

    init(_ error: RedisServerError) {
        code = .server
        reason = error.kind.prefix
        serverError = error
    }

    /// Whether the server's reply is an error of this kind.
    public func isServerError(_ kind: RedisServerError.Kind) -> Bool { serverError?.kind == kind }

    /// Whether it is proven that the command wrote nothing, so that it may be sent again.
    public var provesNothingWritten: Bool {
        if code == .outcomeUnknown { return false }
        return serverError?.kind.provesNothingWritten ?? true
    }

    /// Safe to log: it quotes no argument of any command.
    public var description: String { "redis: \(code.name): \(reason)" }
}
