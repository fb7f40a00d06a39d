/// Why a statement has no result.
public struct PostgresError: Error, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// What happened. *Outcome unknown* differs from *failed*: the statement may have been carried out.
    public struct Code: Sendable, Equatable {
        private enum Base: String {
            case notConnected, outcomeUnknown, server, decoding, busy, misconfigured, migration
        }
        private let base: Base

        /// There was no connection; nothing was sent.
        public static let notConnected = Code(base: .notConnected)
        /// The connection broke, or the deadline passed, after the statement may have been sent.
        public static let outcomeUnknown = Code(base: .outcomeUnknown)
        /// PostgreSQL refused; `sqlState` says why. Nothing of the statement was done.
        public static let server = Code(base: .server)
        /// A column is missing or of another type than asked for.
        public static let decoding = Code(base: .decoding)
        /// No connection of the pool became free in time; nothing was sent.
        public static let busy = Code(base: .busy)
        /// An address or option cannot be used.
        public static let misconfigured = Code(base: .misconfigured)
        /// The migrations of this binary and of the database do not fit.
        public static let migration = Code(base: .migration)

        fileprivate var name: String { base.rawValue }
    }

    /// What happened.
    public let code: Code
    /// Five characters (PostgreSQL manual, appendix A); empty for other codes.
    public let sqlState: String
    /// The constraint that was violated, if one was.
    public let constraint: String?
    /// What PostgreSQL said; may quote data.
    public let message: String

    /// An error of this kind.
    public init(_ code: Code, _ message: String, sqlState: String = "", constraint: String? = nil) {
        self.code = code
        self.sqlState = sqlState
        self.constraint = constraint
        self.message = message
    }

    /// The first two characters of the SQLSTATE: its class.
    public var sqlStateClass: Substring { sqlState.prefix(2) }

    /// Safe to log: no data.
    public var description: String {
        guard code == .server else { return "postgres: \(code.name)" }
        return "postgres: SQLSTATE \(sqlState)\(constraint.map { " (\($0))" } ?? "")"
    }

    /// With what PostgreSQL said, which may quote data.
    public var debugDescription: String { "\(description): \(message)" }
}
