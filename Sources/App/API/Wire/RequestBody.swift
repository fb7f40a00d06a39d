import BoxOffice
import HTTP
import JSON
import Text

/// Parses the members of a request's body, and collects errors instead of stopping at the first.
struct RequestBody {
    private let members: [(name: String, value: JSONValue)]
    private let pointer: String
    private var known: Set<ExactText> = []
    private(set) var errors: [(pointer: String, detail: String)] = []

    /// The body of a request: a JSON object; an empty body is an empty object.
    init(_ request: HTTPRequest) throws(Problem) {
        try Self.checkMedia(request)
        try self.init(bytes: request.body)
    }

    /// A body from bytes.
    init(bytes: [UInt8]) throws(Problem) {
        if bytes.allSatisfy({ $0 == 32 || $0 == 10 || $0 == 13 || $0 == 9 }) {
            self.init([], "")
            return
        }
        let value: JSONValue
        do {
            value = try JSONReader.read(bytes)
        } catch {
            throw Problem.invalid([("", error.detail)])
        }
        guard case .object(let members) = value else {
            throw Problem.invalid([("", "The body must be a JSON object.")])
        }
        self.init(members, "")
    }

    private static func checkMedia(_ request: HTTPRequest) throws(Problem) {
        guard !request.bodyBytes.isEmpty else { return }
        if !request.header("content-type", is: "application/json"), let type = request.header("content-type") {
            let media = type.prefix { $0 != ";" }.trimmed.lowercased()
            guard
                media == "application/json"
                    || media.starts(withExactly: "application/") && media.ends(withExactly: "+json")
            else {
                throw Problem(.unsupportedMediaType, "The body must be JSON, sent with Content-Type: application/json.")
            }
        }
        if let coding = request.header("content-encoding"), coding.lowercased() != "identity" {
            throw Problem(.unsupportedMediaType, "The body must not be compressed.")
        }
    }

    init(_ members: [(name: String, value: JSONValue)], _ pointer: String) {
        self.members = members
        self.pointer = pointer
    }

    /// The member, or `nil` if it is missing or null.
    mutating func value(_ name: String) -> JSONValue? {
        known.insert(ExactText(name))
        guard let value = members.first(where: { $0.name.isSame(as: name) })?.value else { return nil }
        if case .null = value { return nil }
        return value
    }

    /// All members as sent.
    var sentMembers: [(name: String, value: JSONValue)] { members }

    /// Whether the member was sent, even as null.
    func has(_ name: String) -> Bool { members.contains { $0.name.isSame(as: name) } }

    /// The JSON pointer of a member.
    func path(_ name: String) -> String { "\(pointer)/\(name)" }

    /// Adds an error about a member.
    mutating func wrong(_ name: String, _ detail: String) { errors.append(("\(pointer)/\(name)", detail)) }

    /// Adds the errors of a nested object.
    mutating func adopt(_ nested: RequestBody) { errors += nested.errors }

    mutating func text(_ name: String, _ length: ClosedRange<Int> = 1...1000) -> String? {
        guard let value = value(name) else { return nil }
        guard case .string(let text) = value, length.contains(text.unicodeScalars.count) else {
            wrong(name, "It must be a text \(Self.described(length, "character")).")
            return nil
        }
        // PostgreSQL cannot store U+0000.
        guard !text.utf8.contains(0) else {
            wrong(name, "It must not contain the character U+0000.")
            return nil
        }
        return text
    }

    /// A user's id.
    mutating func user(_ name: String) -> UserID? {
        guard let value = value(name) else { return nil }
        guard case .string(let text) = value, let user = UserID(text) else {
            wrong(name, "It must be \(UserID.rule).")
            return nil
        }
        return user
    }

    /// The text of an id, in lower or upper case.
    ///
    /// - Parameter what: what the id identifies, with its article: `a tier`.
    mutating func id<ID>(_ name: String, of what: String, _ read: (String) -> ID?) -> ID? {
        guard let value = value(name) else { return nil }
        guard case .string(let text) = value, let id = read(text) else {
            wrong(name, "It must be the id of \(what), such as 0190f3c2-6f1e-7a4b-9c1d-2e8f5a7b6c3d.")
            return nil
        }
        return id
    }

    /// The allowed range, in words.
    private static func described(_ range: ClosedRange<Int>, _ noun: String) -> String {
        let (least, most) = (range.lowerBound, range.upperBound)
        if least == most { return "of \(least) \(noun)\(least == 1 ? "" : "s")" }
        if most == .max { return least == 1 ? "that is not empty" : "of at least \(least) \(noun)s" }
        return least == 0 ? "of at most \(most) \(noun)s" : "of \(least) to \(most) \(noun)s"
    }

    mutating func integer(_ name: String, _ range: ClosedRange<Int64>) -> Int64? {
        guard let value = value(name) else { return nil }
        guard let number = value.wholeNumber, range.contains(number) else {
            wrong(name, "It must be a whole number from \(range.lowerBound) to \(range.upperBound).")
            return nil
        }
        return number
    }

    mutating func bool(_ name: String) -> Bool? {
        guard let value = value(name) else { return nil }
        guard case .bool(let flag) = value else {
            wrong(name, "It must be true or false.")
            return nil
        }
        return flag
    }

    mutating func time(_ name: String) -> Int64? {
        guard let value = value(name) else { return nil }
        guard case .string(let text) = value, let time = Timestamp.parse(text) else {
            wrong(name, "It must be a time such as 2030-01-31T20:00:00.000Z (RFC 3339).")
            return nil
        }
        return time
    }

    mutating func object(_ name: String) -> RequestBody? {
        guard let value = value(name) else { return nil }
        guard case .object(let members) = value else {
            wrong(name, "It must be an object, such as {}.")
            return nil
        }
        return RequestBody(members, "\(pointer)/\(name)")
    }

    /// The elements of an array of objects.
    mutating func objects(_ name: String, _ count: ClosedRange<Int>) -> [RequestBody]? {
        guard let value = value(name) else { return nil }
        guard case .array(let elements) = value, count.contains(elements.count) else {
            wrong(name, "It must be a list \(Self.described(count, "object")).")
            return nil
        }
        var objects: [RequestBody] = []
        for (index, element) in elements.enumerated() {
            guard case .object(let members) = element else {
                wrong("\(name)/\(index)", "It must be an object, such as {}.")
                return nil
            }
            objects.append(RequestBody(members, "\(pointer)/\(name)/\(index)"))
        }
        return objects
    }

    /// The elements of an array of texts.
    mutating func texts(_ name: String, _ count: ClosedRange<Int>) -> [String]? {
        guard let value = value(name) else { return nil }
        guard case .array(let elements) = value, count.contains(elements.count) else {
            wrong(name, "It must be a list \(Self.described(count, "text")).")
            return nil
        }
        var texts: [String] = []
        for (index, element) in elements.enumerated() {
            guard case .string(let text) = element else {
                wrong("\(name)/\(index)", "It must be a text.")
                return nil
            }
            texts.append(text)
        }
        return texts
    }

    mutating func required<Value>(_ name: String, _ value: Value?) -> Value? {
        if value == nil, !errors.contains(where: { $0.pointer.starts(withExactly: "\(pointer)/\(name)") }) {
            wrong(name, "It is missing.")
        }
        return value
    }

    /// Adds an error for every member that was not read.
    mutating func rejectUnknown() {
        for member in members where !known.contains(ExactText(member.name)) {
            errors.append(("\(pointer)/\(Self.escaped(member.name.prefix(64)))", "There is no such member."))
        }
    }

    /// A name as a token of a JSON pointer (RFC 6901, section 3).
    private static func escaped(_ name: Substring) -> String {
        name.unicodeScalars.map { $0 == "~" ? "~0" : $0 == "/" ? "~1" : String($0) }.joined()
    }

    /// Throws if there were errors.
    mutating func finish() throws(Problem) {
        rejectUnknown()
        if !errors.isEmpty { throw Problem.invalid(errors) }
    }
}

extension Problem {
    /// 400 `invalid-request`.
    static func invalid(_ errors: [(pointer: String, detail: String)]) -> Problem {
        var json = JSONWriter()
        json.beginArray()
        for error in errors.prefix(20) {
            json.beginObject()
            json.member("pointer", error.pointer)
            json.member("detail", error.detail)
            json.endObject()
        }
        json.endArray()
        let detail = errors.first.map { $0.pointer.isEmpty ? $0.detail : "\($0.pointer): \($0.detail)" } ?? ""
        return Problem(.invalidRequest, detail, members: [("errors", json.bytes)])
    }
}

extension JSONValue {
    /// The value as an integer, also if it is spelt `8.0`, as some languages do; `nil` for anything else.
    var wholeNumber: Int64? {
        switch self {
        case .integer(let number): return number
        case .number(let text):
            let part = text.split(separator: ".", omittingEmptySubsequences: false)
            guard part.count == 2, part[1].utf8.allSatisfy({ $0 == UInt8(ascii: "0") }) else { return nil }
            return Int64(part[0])
        default: return nil
        }
    }
}
