/// A parsed JSON value. Numbers that are not 64-bit integers keep their text.
package enum JSONValue: Sendable {
    case null
    case bool(Bool)
    /// A 64-bit integer.
    case integer(Int64)
    /// Any other number, as spelled in the text.
    case number(String)
    case string(String)
    case array([JSONValue])
    /// Members in the order of the text, without duplicate names.
    case object([(name: String, value: JSONValue)])
}
