/// A statement parameter. It is sent separately from the SQL, so it can never be parsed as SQL.
///
/// Values are sent as text, except `.array`, and the server infers the type of each `$n`: write `$1::bigint[]` where it
/// cannot. Text with a NUL character, which PostgreSQL cannot store, makes the statement throw `.misuse` before it is
/// sent.
package enum PostgresValue: Sendable, Hashable {
    /// NULL of any type.
    case null
    /// Text, or anything in its text form (`numeric`, `jsonb`, …).
    case text(String)
    /// Any of the integer types; the server checks the range.
    case integer(Int64)
    /// A boolean.
    case bool(Bool)
    /// A UUID in its text form; the server checks it.
    case uuid(String)
    /// A `bytea`.
    case bytes([UInt8])
    /// A one-dimensional array of texts.
    case textArray([String?])
    /// A one-dimensional array of integers.
    case integerArray([Int64?])
    /// A one-dimensional array of UUIDs in their text form.
    case uuidArray([String?])
    /// A one-dimensional array of booleans.
    case boolArray([Bool?])
    /// A one-dimensional array in binary form; the statement must cast the parameter to the exact type.
    case array(PostgresArray)

    package static func optionalText(_ value: String?) -> PostgresValue { value.map { .text($0) } ?? .null }
    package static func optionalInteger(_ value: Int64?) -> PostgresValue { value.map { .integer($0) } ?? .null }
    package static func optionalUUID(_ value: String?) -> PostgresValue { value.map { .uuid($0) } ?? .null }
}

extension PostgresValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByNilLiteral
{
    package init(stringLiteral value: String) { self = .text(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(nilLiteral: ()) { self = .null }
}

extension PostgresValue {
    /// The value in PostgreSQL's text form; nil for NULL and for binary values. Source: PostgreSQL manual, 8.15.6
    /// (arrays), 8.4.1 (bytea).
    var wireText: String? {
        switch self {
        case .null, .array: nil
        case .text(let value), .uuid(let value): value
        case .integer(let value): String(value)
        case .bool(let value): value ? "t" : "f"
        case .bytes(let value): Self.hexadecimal(value)
        case .textArray(let values), .uuidArray(let values): Self.array(values, Self.quoted)
        case .integerArray(let values): Self.array(values) { String($0) }
        case .boolArray(let values): Self.array(values) { $0 ? "t" : "f" }
        }
    }

    private static func array<Element>(_ values: [Element?], _ render: (Element) -> String) -> String {
        var text = "{"
        for (index, value) in values.enumerated() {
            if index > 0 { text += "," }
            text += value.map(render) ?? "NULL"
        }
        return text + "}"
    }

    /// Always quoted, so that an empty element, or one that reads `NULL`, keeps its value.
    private static func quoted(_ value: String) -> String {
        var bytes: [UInt8] = [UInt8(ascii: "\"")]
        bytes.reserveCapacity(value.utf8.count + 2)
        for byte in value.utf8 {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { bytes.append(UInt8(ascii: "\\")) }
            bytes.append(byte)
        }
        bytes.append(UInt8(ascii: "\""))
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func hexadecimal(_ value: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text = Array("\\x".utf8)
        text.reserveCapacity(2 + 2 * value.count)
        for byte in value {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
