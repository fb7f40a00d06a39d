/// Why something asked of PostgreSQL did not succeed, and whether it may have happened all the same.
public struct PostgresError: Error, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// What kind of failure it is.
    public struct Code: Sendable, Hashable {
        fileprivate enum Base: Hashable {
            case connectionFailed, notConnected, outcomeUnknown, server(String), decoding, poolTimeout, misuse
        }
        fileprivate let base: Base

        /// No connection could be made; nothing was executed.
        public static let connectionFailed = Code(base: .connectionFailed)
        /// There was no connection to send on, or it went away inside a transaction before its COMMIT was sent:
        /// nothing has had a lasting effect.
        public static let notConnected = Code(base: .notConnected)
        /// The connection was lost, or the deadline passed, after something was sent: it may or may not have happened.
        public static let outcomeUnknown = Code(base: .outcomeUnknown)
        /// The server refused the statement; it had no effect.
        public static func server(sqlState: String) -> Code { Code(base: .server(sqlState)) }
        /// A value does not read as what was asked for.
        public static let decoding = Code(base: .decoding)
        /// No connection became free in time, or too many wait already; nothing was executed.
        public static let poolTimeout = Code(base: .poolTimeout)
        /// The caller broke a rule of this module; nothing was executed.
        public static let misuse = Code(base: .misuse)
    }

    /// What kind of failure it is.
    public let code: Code
    /// The five characters of SQLSTATE, when the server gave one.
    public internal(set) var sqlState: String?
    /// `ERROR`, `FATAL` or `PANIC`, when the server gave one.
    public internal(set) var severity: String?
    /// The constraint that was violated.
    public internal(set) var constraint: String?
    /// The table concerned.
    public internal(set) var table: String?
    /// The server's or libpq's own words. They may hold customers' data: not for the log.
    public internal(set) var message: String?
    /// The server's detail. It may hold customers' data: not for the log.
    public internal(set) var detail: String?
    /// This module's own words about the failure; safe to log.
    public internal(set) var note: String

    init(_ code: Code, _ note: String, message: String? = nil) {
        self.code = code
        self.note = note
        self.message = message
    }

    /// A value that was read does not mean anything to the layer above.
    ///
    /// - Parameter what: names the table and column; safe to log.
    public static func undecodable(_ what: String) -> PostgresError { PostgresError(.decoding, what) }

    /// Safe to log: the code, SQLSTATE and constraint, no values.
    public var description: String {
        var text = "postgres: \(code.name)"
        if let sqlState { text += " \(sqlState)" }
        if let constraint { text += " (constraint \(constraint))" }
        if !note.isEmpty { text += ": \(note)" }
        return text
    }

    /// Everything the server said; may hold customers' data.
    public var debugDescription: String {
        let fields = [("severity", severity), ("message", message), ("detail", detail), ("table", table)]
        let told = fields.compactMap { name, value in value.map { "\(name): \($0)" } }
        return ([description] + told).joined(separator: "; ")
    }
}

extension PostgresError {
    /// The first two characters of SQLSTATE.
    public var sqlStateClass: String? { sqlState.map { String($0.prefix(2)) } }

    /// Whether nothing happened and the same thing may well succeed a little later.
    ///
    /// True when nothing was sent, and for SQLSTATE 08…, 53…, 57P0…, 40001 and 40P01. Never for `.outcomeUnknown`:
    /// only the caller knows whether doing it twice does harm.
    public var isRetryable: Bool {
        switch code.base {
        case .connectionFailed, .notConnected, .poolTimeout: true
        case .outcomeUnknown, .decoding, .misuse: false
        case .server(let state):
            ["08", "53", "57P0"].contains { state.hasPrefix($0) } || state == "40001" || state == "40P01"
        }
    }
}

extension PostgresError.Code: CustomStringConvertible {
    fileprivate var name: String {
        switch base {
        case .connectionFailed: "connection failed"
        case .notConnected: "not connected"
        case .outcomeUnknown: "outcome unknown"
        case .server: "refused by the server"
        case .decoding: "undecodable value"
        case .poolTimeout: "no free connection"
        case .misuse: "misuse"
        }
    }

    /// Safe to log.
    public var description: String {
        if case .server(let state) = base { "\(name) \(state)" } else { name }
    }
}
