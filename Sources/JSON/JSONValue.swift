/// A JSON value as it was sent. Numbers that are no integers of 64 bits keep their text.
public enum JSONValue: Sendable {
    /// Nothing.
    case null
    /// A boolean.
    case bool(Bool)
    /// An integer of 64 bits.
    case integer(Int64)
    /// Any other number, as it was spelt.
    case number(String)
    /// Text.
    case string(String)
    /// Values.
    case array([JSONValue])
    /// Members, in the order they were sent; no name twice.
    case object([(name: String, value: JSONValue)])
}
