import HTTP
import Text

/// Parses a request's query and collects the errors.
struct QueryFields {
    private let fields: [(name: String, value: String)]
    private var known: Set<ExactText> = []
    private var errors: [(pointer: String, detail: String)] = []

    init(_ request: HTTPRequest) throws(Problem) {
        guard let fields = request.queryFields() else {
            throw Problem.invalid([("", "The query of the address has a malformed % escape.")])
        }
        self.fields = fields
    }

    /// The parameter; `nil` if it is missing or empty.
    mutating func text(_ name: String) -> String? {
        known.insert(ExactText(name))
        let values = fields.filter { $0.name.isSame(as: name) }
        if values.count > 1 { wrong(name, "It may be sent only once.") }
        return values.first.flatMap { $0.value.isEmpty ? nil : $0.value }
    }

    /// A parameter that names a user: an empty one, as a blank form field sends it, is an error, since it must not mean
    /// all users.
    mutating func filledText(_ name: String) -> String? {
        if let text = text(name) { return text }
        if fields.contains(where: { $0.name.isSame(as: name) }) { wrong(name, "It must not be empty.") }
        return nil
    }

    mutating func integer(_ name: String, _ range: ClosedRange<Int64>) -> Int64? {
        guard let text = text(name) else { return nil }
        guard let number = Int64(text), range.contains(number) else {
            wrong(name, "It must be a whole number from \(range.lowerBound) to \(range.upperBound).")
            return nil
        }
        return number
    }

    mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(_ name: String, _ usual: Choice) -> Choice {
        guard let text = text(name) else { return usual }
        guard let choice = Choice(rawValue: text) else {
            wrong(name, "It must be one of \(Choice.allCases.map(\.rawValue).joined(separator: ", ")).")
            return usual
        }
        return choice
    }

    /// A choice without a default.
    mutating func optionalChoice<Choice: RawRepresentable<String>>(_ name: String, _: Choice.Type) -> Choice? {
        guard let text = text(name) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            wrong(name, "It is not a valid value.")
            return nil
        }
        return choice
    }

    /// Whether the parameter is present and not empty.
    func has(_ name: String) -> Bool { fields.contains { $0.name == name && !$0.value.isEmpty } }

    mutating func wrong(_ name: String, _ detail: String) { errors.append(("?\(name)", detail)) }

    mutating func finish() throws(Problem) {
        for field in fields where !known.contains(ExactText(field.name)) {
            errors.append(("?\(field.name.prefix(64))", "There is no such parameter."))
        }
        if !errors.isEmpty { throw Problem.invalid(errors) }
    }
}
