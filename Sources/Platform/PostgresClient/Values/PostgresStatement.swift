/// One statement and its parameters.
package struct PostgresStatement: Sendable, Hashable {
    /// A single SQL statement with placeholders `$1`, `$2`, …
    package let sql: String
    /// At most 65,535.
    package let parameters: [PostgresValue]
    /// Whether the connection keeps the statement prepared for reuse.
    package let isPrepared: Bool

    /// Describes a statement.
    ///
    /// - Parameters:
    ///   - sql: one statement, constant across calls, because prepared statements are found by their text.
    ///   - parameters: one for each `$n`; at most 65,535.
    ///   - isPrepared: false for statements used once, or whose plan must not be cached.
    package init(_ sql: String, _ parameters: [PostgresValue] = [], isPrepared: Bool = true) {
        self.sql = sql
        self.parameters = parameters
        self.isPrepared = isPrepared
    }

    /// Validates the statement before it is sent.
    func check() throws(PostgresError) {
        guard parameters.count <= Int(UInt16.max) else { throw PostgresError(.misuse, "more than 65,535 parameters") }
        guard !sql.utf8.contains(0) else { throw PostgresError(.misuse, "a NUL character in the SQL") }
    }
}

/// Transaction isolation. Source: PostgreSQL manual, 13.2.
package enum PostgresIsolation: Sendable, Hashable {
    /// Each statement sees what was committed before it started.
    case readCommitted
    /// The whole transaction sees one snapshot; concurrent writers of a row get 40001.
    case repeatableRead
    /// As if transactions ran one after another; any statement may get 40001.
    case serializable
    /// One snapshot, read-only.
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
