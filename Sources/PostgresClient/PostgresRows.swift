/// The rows a statement gave back, copied out of libpq's memory: they may be kept and sent anywhere.
public struct PostgresRows: Sendable, RandomAccessCollection {
    private let storage: Storage
    /// How many rows INSERT, UPDATE, DELETE or SELECT touched; 0 for other commands.
    public let affectedRows: Int
    /// The command as the server names it, such as `COMMIT`.
    let commandTag: String

    /// Rows of one result: all cells' bytes in a row, and where each cell ends.
    final class Storage: Sendable {
        let columns: [String]
        let indexOfColumn: [String: Int]
        let bytes: [UInt8]
        /// Cell n is `bytes[ends[n]..<ends[n + 1]]`; one more than there are cells.
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
    public var columns: [String] { storage.columns }
    /// 0.
    public var startIndex: Int { 0 }
    /// The number of rows.
    public var endIndex: Int { storage.rowCount }
    /// One row.
    public subscript(position: Int) -> PostgresRow {
        precondition(indices.contains(position), "row out of bounds")
        return PostgresRow(storage: storage, row: position)
    }
}

/// Names a column of a row, by name or by position from 0.
public enum PostgresColumn: Sendable, Hashable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    /// The column's name as the server gives it; of several alike, the first.
    case name(String)
    /// Its position from 0.
    case index(Int)

    /// By name.
    public init(stringLiteral value: String) { self = .name(value) }
    /// By position.
    public init(integerLiteral value: Int) { self = .index(value) }
}
