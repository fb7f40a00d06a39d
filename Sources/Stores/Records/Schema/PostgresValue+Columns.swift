import BoxOffice
import PostgresClient

/// Columns of many rows, in binary form.
extension PostgresValue {
    static func uuids(_ values: some Collection<UUIDBytes>) -> PostgresValue {
        var array = PostgresArray(.uuid, capacity: values.count)
        for value in values { array.append(high: value.high, low: value.low) }
        return .array(array)
    }

    static func bigints(_ values: some Collection<Int64>) -> PostgresValue {
        var array = PostgresArray(.bigint, capacity: values.count)
        for value in values { array.append(value) }
        return .array(array)
    }

    static func bigints(_ values: some Collection<Int64?>) -> PostgresValue {
        var array = PostgresArray(.bigint, capacity: values.count)
        for value in values { array.append(value) }
        return .array(array)
    }

    static func texts(_ values: some Collection<String>) -> PostgresValue {
        var array = PostgresArray(.text, capacity: values.count)
        for value in values { array.append(value) }
        return .array(array)
    }

    static func texts(_ values: some Collection<String?>) -> PostgresValue {
        var array = PostgresArray(.text, capacity: values.count)
        for value in values { array.append(value) }
        return .array(array)
    }

    static func byteas(_ values: some Collection<[UInt8]?>) -> PostgresValue {
        var array = PostgresArray(.bytea, capacity: values.count)
        for value in values { array.append(bytes: value) }
        return .array(array)
    }

    /// Times in Unix milliseconds.
    static func moments(_ values: some Collection<Int64>) -> PostgresValue {
        var array = PostgresArray(.timestamp, capacity: values.count)
        for value in values { array.append(milliseconds: value) }
        return .array(array)
    }

    /// Times in Unix milliseconds.
    static func moments(_ values: some Collection<Int64?>) -> PostgresValue {
        var array = PostgresArray(.timestamp, capacity: values.count)
        for value in values { array.append(milliseconds: value) }
        return .array(array)
    }
}

extension PostgresRow {
    func uuid(_ column: PostgresColumn) throws(PostgresError) -> UUIDBytes {
        guard let uuid = UUIDBytes(utf8: try utf8(column)) else { throw PostgresError.undecodable("a uuid") }
        return uuid
    }
}
