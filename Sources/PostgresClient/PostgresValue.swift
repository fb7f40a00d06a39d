/// A parameter of a statement; always sent beside the statement, never inside it.
public enum PostgresValue: Sendable {
    /// SQL's NULL.
    case null
    /// Any text; also UUIDs, dates and the like in their text form.
    case text(String)
    /// An integer of any width.
    case integer(Int64)
    /// A boolean.
    case bool(Bool)
    /// An array of texts, for `unnest($1::text[])`; also of UUIDs.
    case texts([String?])
    /// An array of integers.
    case integers([Int64?])
    /// An array of booleans.
    case bools([Bool])

    /// A text, or NULL.
    public static func optional(_ text: String?) -> PostgresValue { text.map { .text($0) } ?? .null }

    /// A number, or NULL.
    public static func optional(_ number: Int64?) -> PostgresValue { number.map { .integer($0) } ?? .null }

    /// The text form that PostgreSQL reads; `nil` for NULL.
    var wire: String? {
        switch self {
        case .null: nil
        case .text(let text): text
        case .integer(let number): String(number)
        case .bool(let flag): flag ? "t" : "f"
        case .texts(let elements): Self.array(elements.map { $0.map(Self.quoted) })
        case .integers(let elements): Self.array(elements.map { $0.map { String($0) } })
        case .bools(let elements): Self.array(elements.map { $0 ? "t" : "f" })
        }
    }

    private static func array(_ elements: [String?]) -> String {
        "{" + elements.map { $0 ?? "NULL" }.joined(separator: ",") + "}"
    }

    /// An array element in quotes, `"` and `\` escaped (PostgreSQL manual, section 8.15.6).
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for character in text.unicodeScalars {
            if character == "\"" || character == "\\" { quoted.unicodeScalars.append("\\") }
            quoted.unicodeScalars.append(character)
        }
        return quoted + "\""
    }
}
