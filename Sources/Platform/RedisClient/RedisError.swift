/// Why a command failed, or a connection cannot be made.
package struct RedisError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is known about the command's execution.
    package struct Code: Sendable, Hashable {
        private enum Base: String {
            case notConnected, queueFull, outcomeUnknown, server, misuse, identityUnknown
        }
        private let base: Base

        /// No connection in time, or lost before the complete command was written: definitely not executed.
        package static let notConnected = Code(base: .notConnected)
        /// Too many commands are waiting: definitely not executed.
        package static let queueFull = Code(base: .queueFull)
        /// The command was written, and the connection was lost or the timeout expired before its reply: it may have
        /// been executed, may still be, or may not.
        package static let outcomeUnknown = Code(base: .outcomeUnknown)
        /// The server replied with an error; see `serverError`.
        package static let server = Code(base: .server)
        /// The caller's mistake: an incomplete command, an invalid setting. Definitely not executed.
        package static let misuse = Code(base: .misuse)
        /// The server's identity is currently unknown.
        package static let identityUnknown = Code(base: .identityUnknown)

        fileprivate var name: String { base.rawValue }
    }

    package let code: Code
    /// The server's error, if the code is `server`.
    package let serverError: RedisServerError?
    /// Details without any argument of a command: safe to log.
    package let reason: String

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

    /// Whether the server replied with this kind of error.
    package func isServerError(_ kind: RedisServerError.Kind) -> Bool { serverError?.kind == kind }

    /// Whether it is proven that the command wrote nothing, so that it may be retried.
    package var provesNothingWritten: Bool {
        if code == .outcomeUnknown { return false }
        return serverError?.kind.provesNothingWritten ?? true
    }

    /// Safe to log: quotes no argument of any command.
    package var description: String { "redis: \(code.name): \(reason)" }
}
