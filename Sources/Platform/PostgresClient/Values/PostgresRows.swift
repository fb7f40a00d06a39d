/// The rows of a result, copied out of libpq's memory: they may be stored and sent across threads.
package struct PostgresRows: Sendable, RandomAccessCollection {
    private let storage: Storage
    /// Number of rows affected by INSERT, UPDATE, DELETE or SELECT; 0 for other commands.
    package let affectedRows: Int
    /// The command as the server names it, such as `COMMIT`.
    let commandTag: String

    /// The rows of one result: the bytes of all cells, and the end of each cell.
    final class Storage: Sendable {
        let columns: [String]
        let indexOfColumn: [String: Int]
        let bytes: [UInt8]
        /// Cell n is `bytes[ends[n]..<ends[n + 1]]`; has one more element than there are cells.
        let ends: [Int]
        let nulls: Set<Int>
        let rowCount: Int

        init(columns: [String], bytes: [UInt8], ends: [Int], nulls: Set<Int>, rowCount: Int) {
            self.columns = columns
            self.indexOfColumn = Dictionary(zip(columns, columns.indices)) { first, _ in first }
            self.bytes = bytes
            self.ends = ends
            self.nulls = nulls
            self.rowCount = rowCount
        }
    }

    init(storage: Storage, affectedRows: Int, commandTag: String) {
        self.storage = storage
        self.affectedRows = affectedRows
        self.commandTag = commandTag
    }

    /// The columns' names, in order.
    package var columns: [String] { storage.columns }
    package var startIndex: Int { 0 }
    package var endIndex: Int { storage.rowCount }
    package subscript(position: Int) -> PostgresRow {
        precondition(indices.contains(position), "row out of bounds")
        return PostgresRow(storage: storage, row: position)
    }
}

/// Identifies a column of a row, by name or by zero-based position.
package enum PostgresColumn: Sendable, Hashable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    /// The column's name in the result; the first of several columns with the same name.
    case name(String)
    /// Zero-based position.
    case index(Int)

    package init(stringLiteral value: String) { self = .name(value) }
    package init(integerLiteral value: Int) { self = .index(value) }
}
