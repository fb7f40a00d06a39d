/// One row. Every accessor throws `.decoding`, naming the column, if the column is missing or has another type;
/// accessors without `optional…` also if it is NULL.
package struct PostgresRow: Sendable {
    private let storage: PostgresRows.Storage
    private let row: Int

    init(storage: PostgresRows.Storage, row: Int) {
        self.storage = storage
        self.row = row
    }

    /// Whether the column is NULL.
    package func isNull(_ column: PostgresColumn) throws(PostgresError) -> Bool { try cell(column) == nil }

    /// Any type, in its text form (UUIDs and numerics too).
    package func string(_ column: PostgresColumn) throws(PostgresError) -> String {
        try required(column, try optionalString(column))
    }

    /// Any type, in its text form, or nil for NULL.
    package func optionalString(_ column: PostgresColumn) throws(PostgresError) -> String? {
        guard let cell = try cell(column) else { return nil }
        return String(decoding: cell, as: UTF8.self)
    }

    /// Any type, in its text form as bytes of UTF-8.
    package func utf8(_ column: PostgresColumn) throws(PostgresError) -> ArraySlice<UInt8> {
        try required(column, try cell(column))
    }

    /// An integer of any width.
    package func integer(_ column: PostgresColumn) throws(PostgresError) -> Int64 {
        try required(column, try optionalInteger(column))
    }

    /// An integer of any width, or nil for NULL.
    package func optionalInteger(_ column: PostgresColumn) throws(PostgresError) -> Int64? {
        guard let cell = try cell(column) else { return nil }
        guard let value = Self.integer(cell) else { throw wrong(column, "is not an integer") }
        return value
    }

    /// A boolean.
    package func bool(_ column: PostgresColumn) throws(PostgresError) -> Bool {
        try required(column, try optionalBool(column))
    }

    /// A boolean, or nil for NULL.
    package func optionalBool(_ column: PostgresColumn) throws(PostgresError) -> Bool? {
        guard let cell = try cell(column) else { return nil }
        guard cell.count == 1, let letter = cell.first, letter == UInt8(ascii: "t") || letter == UInt8(ascii: "f")
        else { throw wrong(column, "is not a boolean") }
        return letter == UInt8(ascii: "t")
    }

    /// A `bytea`.
    package func bytes(_ column: PostgresColumn) throws(PostgresError) -> [UInt8] {
        try required(column, try optionalBytes(column))
    }

    /// A `bytea`, or nil for NULL.
    package func optionalBytes(_ column: PostgresColumn) throws(PostgresError) -> [UInt8]? {
        guard let cell = try cell(column) else { return nil }
        guard let value = Self.hexadecimal(cell) else { throw wrong(column, "is not a bytea") }
        return value
    }
}

extension PostgresRow {
    private func cell(_ column: PostgresColumn) throws(PostgresError) -> ArraySlice<UInt8>? {
        let index =
            switch column {
            case .name(let name): storage.indexOfColumn[name]
            case .index(let index): storage.columns.indices.contains(index) ? index : nil
            }
        guard let index else { throw wrong(column, "is not in the result") }
        let cell = row * storage.columns.count + index
        guard !storage.nulls.contains(cell) else { return nil }
        return storage.bytes[storage.ends[cell]..<storage.ends[cell + 1]]
    }

    private func required<Value>(_ column: PostgresColumn, _ value: Value?) throws(PostgresError) -> Value {
        guard let value else { throw wrong(column, "is NULL") }
        return value
    }

    private func wrong(_ column: PostgresColumn, _ what: String) -> PostgresError {
        switch column {
        case .name(let name): PostgresError(.decoding, "column \(name) \(what)")
        case .index(let index): PostgresError(.decoding, "column \(index) \(what)")
        }
    }

    private static func integer(_ text: ArraySlice<UInt8>) -> Int64? {
        let negative = text.first == UInt8(ascii: "-")
        let digits = negative ? text.dropFirst() : text
        guard !digits.isEmpty else { return nil }
        var value: Int64 = 0
        for byte in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            let digit = Int64(byte - UInt8(ascii: "0"))
            // Accumulates negatively if negative: the smallest number has no positive counterpart.
            let (tens, tooMany) = value.multipliedReportingOverflow(by: 10)
            let (next, tooMuch) = tens.addingReportingOverflow(negative ? -digit : digit)
            guard !tooMany, !tooMuch else { return nil }
            value = next
        }
        return value
    }

    private static func hexadecimal(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        guard text.starts(with: "\\x".utf8), text.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 2 - 1)
        var high: Int?
        for character in text.dropFirst(2) {
            guard let digit = Character(UnicodeScalar(character)).hexDigitValue else { return nil }
            if let first = high {
                bytes.append(UInt8(first << 4 | digit))
                high = nil
            } else {
                high = digit
            }
        }
        return bytes
    }
}
