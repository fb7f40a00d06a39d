/// One statement and its parameters.
public struct PostgresStatement: Sendable, Hashable {
    /// A single SQL statement with `$1`, `$2`, … where its parameters go.
    public let sql: String
    /// At most 65,535.
    public let parameters: [PostgresValue]
    /// Whether the connection keeps the statement prepared for the next time.
    public let isPrepared: Bool

    /// Describes a statement.
    ///
    /// - Parameters:
    ///   - sql: one statement, constant over calls, for the connection recognises it by its text.
    ///   - parameters: one for each `$n`; at most 65,535.
    ///   - isPrepared: false for what is used once, or must not be planned twice.
    public init(_ sql: String, _ parameters: [PostgresValue] = [], isPrepared: Bool = true) {
        self.sql = sql
        self.parameters = parameters
        self.isPrepared = isPrepared
    }

    /// What must hold before anything is sent.
    func check() throws(PostgresError) {
        guard parameters.count <= Int(UInt16.max) else { throw PostgresError(.misuse, "more than 65,535 parameters") }
        guard !sql.utf8.contains(0) else { throw PostgresError(.misuse, "a NUL character in the SQL") }
    }
}

/// How much a transaction sees of others. Source: PostgreSQL manual, 13.2.
public enum PostgresIsolation: Sendable, Hashable {
    /// Each statement sees what was committed before it.
    case readCommitted
    /// The whole transaction sees one moment; writers of the same row get 40001.
    case repeatableRead
    /// As if transactions ran one after the other; may get 40001 anywhere.
    case serializable
    /// One moment, and no writing.
    case readOnlySnapshot

    var begin: String {
        switch self {
        case .readCommitted: "BEGIN ISOLATION LEVEL READ COMMITTED"
        case .repeatableRead: "BEGIN ISOLATION LEVEL REPEATABLE READ"
        case .serializable: "BEGIN ISOLATION LEVEL SERIALIZABLE"
        case .readOnlySnapshot: "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
        }
    }
}
