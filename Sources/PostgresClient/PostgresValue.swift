/// A parameter of a statement. It travels apart from the SQL, so it can never be read as SQL.
///
/// Values travel as text, but those of `.array`, and the server gives each `$n` its type: write `$1::bigint[]` where it
/// cannot know.
/// Text with a NUL character, which PostgreSQL cannot store, makes the statement throw `.misuse` before it is sent.
public enum PostgresValue: Sendable, Hashable {
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
    /// A one-dimensional array in its binary form; the statement has to cast its parameter to that very type.
    case array(PostgresArray)

    /// The text, or NULL.
    public static func optionalText(_ value: String?) -> PostgresValue { value.map { .text($0) } ?? .null }
    /// The integer, or NULL.
    public static func optionalInteger(_ value: Int64?) -> PostgresValue { value.map { .integer($0) } ?? .null }
    /// The UUID, or NULL.
    public static func optionalUUID(_ value: String?) -> PostgresValue { value.map { .uuid($0) } ?? .null }
}

extension PostgresValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByNilLiteral
{
    /// Text.
    public init(stringLiteral value: String) { self = .text(value) }
    /// An integer.
    public init(integerLiteral value: Int64) { self = .integer(value) }
    /// A boolean.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// NULL.
    public init(nilLiteral: ()) { self = .null }
}

extension PostgresValue {
    /// The value as PostgreSQL reads it in text form, or nil for NULL and for what travels in binary form. Source: PostgreSQL manual, 8.15.6 (arrays), 8.4.1 (bytea).
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

    /// Always in quotes: an element that looks like `NULL`, or is empty, stays what it is.
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
