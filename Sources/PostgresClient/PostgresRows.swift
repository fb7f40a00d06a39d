import CLibpq

/// The result of one statement, copied out of the C library's memory.
public struct PostgresRows: Sendable {
    /// Rows that were inserted, updated or deleted; 0 for others.
    public let affected: Int
    private let columns: [String: Int]
    private let width: Int
    private let cells: [String?]

    /// How many rows there are.
    public let count: Int

    /// The row at `index`, from 0.
    public subscript(index: Int) -> PostgresRow {
        precondition(index < count, "no such row")
        return PostgresRow(columns: columns, cells: cells[index * width..<(index + 1) * width])
    }

    /// The first row.
    public var first: PostgresRow? { count > 0 ? self[0] : nil }

    /// Each row turned into a value.
    public func map<Value>(
        _ transform: (PostgresRow) throws(PostgresError) -> Value
    ) throws(PostgresError) -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(count)
        for index in 0..<count { values.append(try transform(self[index])) }
        return values
    }

    /// Copies a result out; the caller frees it. The corresponding C function is `PQgetvalue`.
    @unsafe init(copying result: OpaquePointer) {
        width = unsafe Int(PQnfields(result))
        count = unsafe Int(PQntuples(result))
        var columns: [String: Int] = [:]
        for column in 0..<width {
            if let name = unsafe PQfname(result, Int32(column)) { unsafe columns[String(cString: name)] = column }
        }
        self.columns = columns
        var cells: [String?] = []
        cells.reserveCapacity(width * count)
        for row in 0..<count {
            for column in 0..<width {
                guard unsafe PQgetisnull(result, Int32(row), Int32(column)) == 0,
                    let value = unsafe PQgetvalue(result, Int32(row), Int32(column))
                else {
                    cells.append(nil)
                    continue
                }
                unsafe cells.append(String(cString: value))
            }
        }
        self.cells = cells
        affected = unsafe PQcmdTuples(result).flatMap { unsafe Int(String(cString: $0)) } ?? 0
    }
}

/// One row; columns are read by name.
public struct PostgresRow: Sendable {
    let columns: [String: Int]
    let cells: ArraySlice<String?>

    private func cell(_ name: String) throws(PostgresError) -> String? {
        guard let column = columns[name] else { throw PostgresError(.decoding, "no column \(name)") }
        return cells[cells.startIndex + column]
    }

    /// A text; NULL is an error.
    public func text(_ name: String) throws(PostgresError) -> String {
        guard let text = try cell(name) else { throw PostgresError(.decoding, "\(name) is null") }
        return text
    }

    /// A text, or `nil` for NULL.
    public func optionalText(_ name: String) throws(PostgresError) -> String? { try cell(name) }

    /// An integer; NULL is an error.
    public func integer(_ name: String) throws(PostgresError) -> Int64 {
        guard let number = Int64(try text(name)) else { throw PostgresError(.decoding, "\(name) is no integer") }
        return number
    }

    /// An integer, or `nil` for NULL.
    public func optionalInteger(_ name: String) throws(PostgresError) -> Int64? {
        guard let text = try cell(name) else { return nil }
        guard let number = Int64(text) else { throw PostgresError(.decoding, "\(name) is no integer") }
        return number
    }

    /// A boolean; NULL is an error.
    public func bool(_ name: String) throws(PostgresError) -> Bool { try text(name) == "t" }
}
