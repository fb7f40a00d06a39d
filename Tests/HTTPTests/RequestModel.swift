@testable import HTTP

/// What RFC 9112 and Usher's contract specify for a client's bytes: written from the grammar, over whole buffers, with
/// regular expressions, so that it does not share the server's mistakes.
struct RequestModel {
    enum Outcome: Equatable {
        case request(String, body: [UInt8], keepsAlive: Bool)
        /// Refused with one of these statuses; without a body if the request is known to be HEAD.
        case refused(Set<Int>, isHead: Bool = false)

        /// Whether this outcome allows the server's.
        func allows(_ other: Outcome) -> Bool {
            if case .refused(let mine, let myHead) = self, case .refused(let statuses, let isHead) = other {
                return statuses.isSubset(of: mine) && isHead == myHead
            }
            return self == other
        }
    }

    private struct Refused: Error {
        let statuses: Set<Int>
        init(_ statuses: Int...) { self.statuses = Set(statuses) }
    }

    /// More bytes are needed.
    private struct Incomplete: Error {}

    private let limits: HTTPLimits
    /// One scalar per byte.
    private var rest: Substring.UnicodeScalarView
    private var isHead = false

    /// The outcomes of the bytes, in order.
    static func outcomes(of bytes: [UInt8], limits: HTTPLimits) -> [Outcome] {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: bytes.map { Unicode.Scalar($0) })
        var model = RequestModel(limits: limits, rest: text[...])
        var outcomes: [Outcome] = []
        do {
            while true {
                let outcome = try model.request()
                outcomes.append(outcome)
                if case .request(_, _, keepsAlive: false) = outcome { return outcomes }
            }
        } catch let refused as Refused {
            return outcomes + [.refused(refused.statuses, isHead: model.isHead)]
        } catch {
            return outcomes
        }
    }

    // Computed, because a Regex is not Sendable.
    private static var requestLine: Regex<(Substring, Substring, Substring, Substring)> {
        /([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21\x22\x24-\x7e]+) HTTP\/([0-9]\.[0-9])/
    }
    private static var fieldLine: Regex<(Substring, Substring, Substring)> {
        /([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\u{80}-\u{ff}]*?)[ \t]*/
    }
    private static var host: Regex<(Substring, Substring, Substring?)> {
        /(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-._~!$&'()*+,;=]+)(:[0-9]{0,5})?/
    }
    private static var absolute: Regex<(Substring, Substring, Substring)> { /[Hh][Tt][Tt][Pp][Ss]?:\/\/([^\/?]*)(.*)/ }
    private static var sizeLine: Regex<(Substring, Substring, Substring?)> {
        /([0-9A-Fa-f]{1,16})(;[\t\x20-\x7e\u{80}-\u{ff}]*)?/
    }
    private static var beginningOfSizeLine: Regex<(Substring, Substring?, Substring?)> {
        /([0-9A-Fa-f]{1,16}(;[\t\x20-\x7e\u{80}-\u{ff}]*)?\r?)?/
    }
    private static var beginningOfTrailer: Regex<(Substring, Substring?)> {
        /([!#$%&'*+\-.^_`|~0-9A-Za-z]+(?::[\t\x20-\x7e\u{80}-\u{ff}]*\r?)?|\r)?/
    }

    private static func match<Output>(_ text: some StringProtocol, _ regex: Regex<Output>) -> Output? {
        String(text).wholeMatch(of: regex.matchingSemantics(.unicodeScalar).dotMatchesNewlines())?.output
    }

    private static func trimmed(_ text: Substring) -> Substring {
        text.drop { $0 == " " || $0 == "\t" }.prefix { $0 != " " && $0 != "\t" }
    }

    // MARK: - Head

    private mutating func request() throws -> Outcome {
        let before = rest
        isHead = false
        if rest.starts(with: "\r\n".unicodeScalars) { rest.removeFirst(2) }
        let start = rest.count
        let first = try headLine(start)
        guard !first.isEmpty else { throw Refused(400) }
        guard let (_, method, target, version) = Self.match(first, Self.requestLine) else { throw Refused(400) }
        guard version == "1.1" || version == "1.0" else { throw Refused(505) }
        isHead = method == "HEAD"
        let known = HTTPMethod.allCases.map(\.rawValue).contains(String(method))
        let asked = known ? try self.target(String(target), isOptions: method == "OPTIONS") : ""
        let fields = try self.fields(start)
        let length = try judge(fields, isHTTP11: version == "1.1", isKnown: known)
        do {
            let body = try length.map { try takeBody($0) } ?? chunkedBody()
            let connection = fields.filter { $0.name == "connection" }.map { $0.value.lowercased() }
            func says(_ option: String) -> Bool {
                connection.contains { $0.split(separator: ",").contains { Self.trimmed($0) == option } }
            }
            let keepsAlive = !says("close") && (version == "1.1" || says("keep-alive"))
            // An empty query is equivalent to none.
            let echo = asked.firstIndex(of: "?") == asked.indices.last ? asked.dropLast() : asked[...]
            return .request("\(method) \(echo)", body: body, keepsAlive: keepsAlive)
        } catch let error as Incomplete {
            rest = before
            throw error
        }
    }

    private mutating func headLine(_ start: Int) throws -> String {
        guard let end = rest.firstIndex(of: "\n") else {
            if start > limits.headBytes { throw Refused(431) }
            throw Incomplete()
        }
        let line = rest[..<end]
        rest = rest[rest.index(after: end)...]
        guard start - rest.count <= limits.headBytes else { throw Refused(431) }
        guard line.last == "\r" else { throw Refused(400) }
        return String(line.dropLast())
    }

    private mutating func fields(_ start: Int) throws -> [(name: String, value: String)] {
        var fields: [(name: String, value: String)] = []
        while true {
            let line = try headLine(start)
            if line.isEmpty { return fields }
            guard fields.count < limits.headers else { throw Refused(431) }
            let field = try Self.field(line)
            try Self.judgeAlone(field, line)
            fields.append(field)
        }
    }

    private static func field(_ line: String) throws -> (name: String, value: String) {
        guard let (_, name, value) = match(line, fieldLine) else { throw Refused(400) }
        return (name.lowercased(), String(value))
    }

    private static func judgeAlone(_ field: (name: String, value: String), _ line: String) throws {
        // RFC 9112 allows this; Usher does not.
        if ["content-length", "transfer-encoding"].contains(field.name), line.hasSuffix("\t") { throw Refused(400) }
        switch field.name {
        case "host": guard match(field.value, host) != nil else { throw Refused(400) }
        case "content-length": guard match(field.value, /[0-9]{1,18}/) != nil else { throw Refused(400) }
        case "transfer-encoding": guard field.value.lowercased() == "chunked" else { throw Refused(400) }
        default: guard !field.name.hasPrefix("transfer-encoding") else { throw Refused(400) }
        }
    }

    private func target(_ target: String, isOptions: Bool) throws -> String {
        if target.hasPrefix("/") || isOptions && target == "*" { return target }
        guard let (_, host, path) = Self.match(target, Self.absolute), Self.match(host, Self.host) != nil else {
            throw Refused(400)
        }
        if path.isEmpty || path.hasPrefix("?") { return (isOptions ? "*" : "/") + path }
        return String(path)
    }

    /// The length of the body; `nil` if it is chunked.
    private func judge(_ fields: [(name: String, value: String)], isHTTP11: Bool, isKnown: Bool) throws -> Int? {
        func values(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }
        let hosts = values("host").count
        guard hosts == 1 || hosts == 0 && !isHTTP11 else { throw Refused(400) }
        let isChunked = !values("transfer-encoding").isEmpty
        guard values("transfer-encoding").count + values("content-length").count <= 1, !isChunked || isHTTP11 else {
            throw Refused(400)
        }
        guard isKnown else { throw Refused(405) }
        guard !isHTTP11 || values("expect").allSatisfy({ $0.lowercased() == "100-continue" }) else {
            throw Refused(417)
        }
        if isChunked { return nil }
        let length = values("content-length").first.flatMap { Int($0) } ?? 0
        guard length <= limits.bodyBytes else { throw Refused(413) }
        return length
    }

    // MARK: - Body

    private mutating func takeBody(_ length: Int) throws -> [UInt8] {
        guard rest.count >= length else { throw Incomplete() }
        defer { rest.removeFirst(length) }
        return rest.prefix(length).map { UInt8($0.value) }
    }

    private mutating func chunkedBody() throws -> [UInt8] {
        let start = rest.count
        var body: [UInt8] = []
        // Framing over its limit is refused too, at any point; malformed bytes may be found first.
        func refused(_ left: Int) -> Refused {
            start - left - body.count > limits.bodyBytes ? Refused(400, 413) : Refused(400)
        }
        do {
            while let size = try chunkSize(room: limits.bodyBytes - body.count) {
                guard rest.count > size else {
                    body += rest.map { UInt8($0.value) }
                    rest = rest.suffix(0)
                    throw Incomplete()
                }
                body += rest.prefix(size).map { UInt8($0.value) }
                rest.removeFirst(size)
                try chunkEnd()
            }
            while let trailer = try chunkLine(Self.beginningOfTrailer), !trailer.isEmpty {
                let field = try Self.field(trailer)
                try Self.judgeAlone(field, trailer)
                if ["host", "content-length", "transfer-encoding"].contains(field.name) { throw Refused(400) }
            }
        } catch let error as Refused {
            throw error.statuses == [400] ? refused(rest.count) : error
        } catch {
            if start - body.count > limits.bodyBytes { throw Refused(413) }
            throw error
        }
        guard start - rest.count - body.count <= limits.bodyBytes else { throw Refused(413) }
        return body
    }

    /// `nil` for the last chunk.
    private mutating func chunkSize(room: Int) throws -> Int? {
        guard let line = try chunkLine(Self.beginningOfSizeLine) else { throw Incomplete() }
        guard let (_, digits, _) = Self.match(line, Self.sizeLine) else { throw Refused(400) }
        guard let size = UInt64(digits, radix: 16), size <= UInt64(room) else { throw Refused(413) }
        return size == 0 ? nil : Int(size)
    }

    private mutating func chunkEnd() throws {
        let end = "\r\n".unicodeScalars
        guard rest.starts(with: end) else {
            guard rest.count < 2, end.starts(with: rest) else { throw Refused(400) }
            throw Incomplete()
        }
        rest.removeFirst(2)
    }

    /// - Parameter beginning: the pattern that an incomplete line must match.
    private mutating func chunkLine<Output>(_ beginning: Regex<Output>) throws -> String? {
        guard let end = rest.firstIndex(of: "\n") else {
            guard Self.match(String(rest), beginning) != nil else { throw Refused(400) }
            throw Incomplete()
        }
        let line = rest[..<end]
        guard line.last == "\r", !line.dropLast().contains("\r") else { throw Refused(400) }
        rest = rest[rest.index(after: end)...]
        return String(line.dropLast())
    }
}
