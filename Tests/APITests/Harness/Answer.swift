import Foundation
import JSON
import Support
import Testing

/// A response of the server.
struct Answer {
    let status: Int
    /// Keyed by lower-case name.
    let headers: [String: String]
    let body: [UInt8]
    /// The body, if it is JSON.
    let json: JSONValue?

    init(_ answer: HTTPClient.Answer) {
        status = answer.status
        headers = Dictionary(answer.headers.map { ($0.name, $0.value) }) { first, _ in first }
        body = answer.body
        json = try? JSONReader.read(answer.body)
    }

    var text: String { String(decoding: body, as: UTF8.self) }
    subscript(name: String) -> JSONValue? { json?[name] }
    var id: String { self["id"]?.text ?? "" }
    var code: String? { self["code"]?.text }
    /// The pointers of a problem's `errors`.
    var pointers: [String] { self["errors"]?.elements.compactMap { $0["pointer"]?.text } ?? [] }

    /// Titles that add nothing to the status (RFC 9110, section 15).
    static let reasonPhrases: Set = [
        "Bad Request", "Unauthorized", "Payment Required", "Forbidden", "Not Found", "Method Not Allowed",
        "Request Timeout", "Conflict", "Precondition Failed", "Content Too Large", "Unsupported Media Type",
        "Expectation Failed", "Unprocessable Content", "Too Many Requests", "Request Header Fields Too Large",
        "Internal Server Error", "Service Unavailable", "HTTP Version Not Supported",
    ]

    /// Checks what all problems have, and that it is this one.
    func expectProblem(_ status: Int, _ code: String, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(self.status == status && self.code == code, "\(self.status) \(text)", sourceLocation: sourceLocation)
        #expect(headers["content-type"] == "application/problem+json", sourceLocation: sourceLocation)
        #expect(self["type"]?.text == "/problems/\(code)", sourceLocation: sourceLocation)
        let title = self["title"]?.text ?? ""
        #expect(!title.isEmpty && !Self.reasonPhrases.contains(title), sourceLocation: sourceLocation)
        #expect(self["status"]?.integer == Int64(status), sourceLocation: sourceLocation)
        #expect(self["detail"]?.text?.isEmpty == false, sourceLocation: sourceLocation)
        let instance = self["instance"]?.text ?? ""
        #expect(
            instance.hasPrefix("urn:uuid:") && UUID(uuidString: String(instance.dropFirst(9))) != nil,
            sourceLocation: sourceLocation)
        let retryable: Set = [
            "held-by-others", "seats-unavailable", "sold-out", "no-adjacent-seats", "sales-not-open",
            "idempotency-in-progress",
        ]
        let isRetryable = status == 429 || status == 503 || retryable.contains(code)
        #expect(self["retryable"]?.bool == isRetryable, sourceLocation: sourceLocation)
        if status == 503 || code == "idempotency-in-progress" || code == "held-by-others" {
            #expect(Int(headers["retry-after"] ?? "") ?? 0 >= 1, sourceLocation: sourceLocation)
        }
    }

    /// Checks that this is a replay of an earlier answer.
    func expectReplay(of first: Answer, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(status == first.status, sourceLocation: sourceLocation)
        #expect(body == first.body, sourceLocation: sourceLocation)
        #expect(headers["idempotent-replayed"] == "true", sourceLocation: sourceLocation)
        #expect(first.headers["idempotent-replayed"] == nil, sourceLocation: sourceLocation)
        #expect(headers["content-type"] == first.headers["content-type"], sourceLocation: sourceLocation)
        #expect(headers["location"] == first.headers["location"], sourceLocation: sourceLocation)
    }
}

extension JSONValue {
    subscript(name: String) -> JSONValue? {
        if case .object(let members) = self { members.first { $0.name == name }?.value } else { nil }
    }
    subscript(index: Int) -> JSONValue? {
        let elements = elements
        return elements.indices.contains(index) ? elements[index] : nil
    }
    var text: String? { if case .string(let text) = self { text } else { nil } }
    var integer: Int64? { if case .integer(let number) = self { number } else { nil } }
    var bool: Bool? { if case .bool(let flag) = self { flag } else { nil } }
    var isNull: Bool { if case .null = self { true } else { false } }
    var elements: [JSONValue] { if case .array(let elements) = self { elements } else { [] } }
    /// The names of an object's members, in order.
    var names: [String] { if case .object(let members) = self { members.map(\.name) } else { [] } }
}
