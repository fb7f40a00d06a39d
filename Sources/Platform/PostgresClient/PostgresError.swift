/// Why a PostgreSQL operation failed, and whether it may have taken effect nevertheless.
package struct PostgresError: Error, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    package struct Code: Sendable, Hashable {
        fileprivate enum Base: Hashable {
            case connectionFailed, notConnected, outcomeUnknown, server(String), decoding, poolTimeout, misuse
        }
        fileprivate let base: Base

        /// No connection could be made; nothing was executed.
        package static let connectionFailed = Code(base: .connectionFailed)
        /// There was no connection, or it was lost inside a transaction before COMMIT was sent: no lasting effect.
        package static let notConnected = Code(base: .notConnected)
        /// The connection was lost, or the timeout expired, after something was sent: it may or may not have taken
        /// effect.
        package static let outcomeUnknown = Code(base: .outcomeUnknown)
        /// The server refused the statement; it had no effect.
        package static func server(sqlState: String) -> Code { Code(base: .server(sqlState)) }
        /// A value could not be decoded as the requested type.
        package static let decoding = Code(base: .decoding)
        /// No connection became free in time, or too many callers are waiting; nothing was executed.
        package static let poolTimeout = Code(base: .poolTimeout)
        /// The caller broke a rule of this module; nothing was executed.
        package static let misuse = Code(base: .misuse)
    }

    package let code: Code
    /// SQLSTATE, five characters, if the server sent one.
    package internal(set) var sqlState: String?
    /// `ERROR`, `FATAL` or `PANIC`, if the server sent one.
    package internal(set) var severity: String?
    /// The violated constraint.
    package internal(set) var constraint: String?
    /// The table concerned.
    package internal(set) var table: String?
    /// The server's or libpq's message. May contain customers' data: do not log.
    package internal(set) var message: String?
    /// The server's detail. May contain customers' data: do not log.
    package internal(set) var detail: String?
    /// This module's own description of the failure; safe to log.
    package internal(set) var note: String

    init(_ code: Code, _ note: String, message: String? = nil) {
        self.code = code
        self.note = note
        self.message = message
    }

    /// An error for a value that the layer above cannot interpret.
    ///
    /// - Parameter what: names the table and column; safe to log.
    package static func undecodable(_ what: String) -> PostgresError { PostgresError(.decoding, what) }

    /// Safe to log: the code, SQLSTATE and constraint, no values.
    package var description: String {
        var text = "postgres: \(code.name)"
        if let sqlState { text += " \(sqlState)" }
        if let constraint { text += " (constraint \(constraint))" }
        if !note.isEmpty { text += ": \(note)" }
        return text
    }

    /// All fields of the server's error; may contain customers' data.
    package var debugDescription: String {
        let fields = [("severity", severity), ("message", message), ("detail", detail), ("table", table)]
        let told = fields.compactMap { name, value in value.map { "\(name): \($0)" } }
        return ([description] + told).joined(separator: "; ")
    }
}

extension PostgresError {
    package var sqlStateClass: String? { sqlState.map { String($0.prefix(2)) } }

    /// Whether nothing was executed and a retry may well succeed a little later.
    ///
    /// True if nothing was sent, and for SQLSTATE 08…, 53…, 57P0…, 40001 and 40P01. Never for `.outcomeUnknown`: only
    /// the caller knows whether executing it twice is harmful.
    package var isRetryable: Bool {
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
    package var description: String {
        if case .server(let state) = base { "\(name) \(state)" } else { name }
    }
}
