import JSON
import Support

/// A response, parsed more strictly than clients do.
struct RawAnswer {
    let status: Int
    /// Names in lower case.
    let headers: [(name: String, value: String)]
    let body: [UInt8]

    subscript(name: String) -> String? {
        let values = headers.filter { $0.name == name }.map(\.value)
        return values.count == 1 ? values[0] : nil
    }

    var text: String { String(decoding: body, as: UTF8.self) }

    var closes: Bool { self["connection"] == "close" }

    /// The members of a problem, if the body is a valid one in every respect.
    var problem: [String: JSONValue]? {
        guard self["content-type"] == "application/problem+json", case .object(let members) = try? JSONReader.read(body)
        else { return nil }
        let problem = Dictionary(members.map { ($0.name, $0.value) }) { first, _ in first }
        guard case .string(let type) = problem["type"], case .string(let code) = problem["code"],
            type == "/problems/\(code)", case .string = problem["title"],
            case .integer(Int64(status)) = problem["status"], case .string(let detail) = problem["detail"],
            !detail.isEmpty, case .string(let instance) = problem["instance"], instance.hasPrefix("urn:uuid:"),
            instance.utf8.count == 45, case .bool = problem["retryable"]
        else { return nil }
        return problem
    }

    var problemCode: String? {
        guard case .string(let code) = problem?["code"] else { return nil }
        return code
    }

    /// Parses the answer at the start of `bytes`; returns it with its length, or `nil` if more bytes are needed.
    ///
    /// - Parameter isEnd: whether no more bytes will arrive.
    static func parse(_ bytes: [UInt8], isHead: Bool, isEnd: Bool) throws -> (RawAnswer, Int)? {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(
            separator: "\r\n", omittingEmptySubsequences: false)
        let words = lines[0].split(separator: " ", maxSplits: 2)
        guard words.count == 3, words[0] == "HTTP/1.1", words[1].utf8.count == 3, let status = Int(words[1]) else {
            throw SupportError("no status line: \(lines[0])")
        }
        let headers = try lines.dropFirst().map { line in
            guard let colon = line.firstRange(of: ": "), colon.lowerBound > line.startIndex else {
                throw SupportError("no header: \(line)")
            }
            return (name: line[..<colon.lowerBound].lowercased(), value: String(line[colon.upperBound...]))
        }
        let head = RawAnswer(status: status, headers: headers, body: [])
        let rest = bytes[end.upperBound...]
        guard let (body, count) = try head.body(in: rest, isHead: isHead, isEnd: isEnd) else { return nil }
        return (RawAnswer(status: status, headers: headers, body: body), end.upperBound + count)
    }

    private func body(in rest: ArraySlice<UInt8>, isHead: Bool, isEnd: Bool) throws -> ([UInt8], Int)? {
        if isHead || status == 204 || status == 304 || status < 200 { return ([], 0) }
        if self["transfer-encoding"] == "chunked" { return try Self.chunks(in: rest) }
        if let length = self["content-length"].flatMap({ Int($0) }) {
            return rest.count < length ? nil : (Array(rest.prefix(length)), length)
        }
        guard closes else { throw SupportError("the length of the body is not given") }
        return isEnd ? (Array(rest), rest.count) : nil
    }

    private static func chunks(in bytes: ArraySlice<UInt8>) throws -> ([UInt8], Int)? {
        var body: [UInt8] = []
        var rest = bytes
        while true {
            guard let line = rest.firstRange(of: Array("\r\n".utf8)) else { return nil }
            guard let size = Int(String(decoding: rest[..<line.lowerBound], as: UTF8.self), radix: 16) else {
                throw SupportError("no chunk size")
            }
            rest = rest[line.upperBound...]
            guard rest.count >= size + 2 else { return nil }
            body += rest.prefix(size)
            guard rest.dropFirst(size).starts(with: Array("\r\n".utf8)) else { throw SupportError("no end of chunk") }
            rest = rest.dropFirst(size + 2)
            if size == 0 { return (body, rest.startIndex - bytes.startIndex) }
        }
    }
}
