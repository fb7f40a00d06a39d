/// Why a command has no answer.
public struct RedisError: Error, Sendable, CustomStringConvertible {
    /// What happened. *Outcome unknown* differs from *failed*: the command may have been carried out.
    public struct Code: Sendable, Equatable {
        private enum Base: String { case notConnected, connectionFailed, outcomeUnknown, server, misconfigured }
        private let base: Base

        /// There was no connection in time; the command was not sent.
        public static let notConnected = Code(base: .notConnected)
        /// A connection could not be made.
        public static let connectionFailed = Code(base: .connectionFailed)
        /// The connection broke, or the deadline passed, after the command may have been sent.
        public static let outcomeUnknown = Code(base: .outcomeUnknown)
        /// Redis answered with an error; `serverKind` is its first word.
        public static let server = Code(base: .server)
        /// An address or option cannot be used.
        public static let misconfigured = Code(base: .misconfigured)

        fileprivate var name: String { base.rawValue }
    }

    /// What happened.
    public let code: Code
    /// The first word of the server's error: `NOSCRIPT`, `READONLY`, `OOM`, …; empty for other codes.
    public let serverKind: String
    /// For the log.
    public let detail: String

    init(_ code: Code, _ detail: String = "") {
        self.code = code
        self.serverKind = ""
        self.detail = detail
    }

    /// An error line of the server. Of its text only the first word is kept for `ERR`, which may quote arguments.
    init(serverText: String) {
        let kind = serverText.prefix { $0 != " " }
        self.code = .server
        self.serverKind = String(kind)
        self.detail = String(serverText.prefix(200))
    }

    /// Safe to log: for server errors only their kind.
    public var description: String {
        switch code {
        case .server: "redis: server error \(serverKind)"
        default: "redis: \(code.name)\(detail.isEmpty ? "" : ": \(detail)")"
        }
    }
}
