import JSON

/// An error as clients see it: `application/problem+json` (RFC 9457). Nothing internal belongs in `detail`.
public struct Problem: Error, Sendable {
    /// What it is in general.
    public let kind: ProblemKind
    /// For people: what is wrong with this very request, with the numbers.
    public var detail: String
    /// Headers to send with it.
    public var headers: [(name: String, value: String)]
    /// Further members: name and JSON.
    public var members: [(name: String, json: [UInt8])]

    /// The status code.
    public var status: Int { kind.status }
    /// Kebab-case; also the end of the problem's `type`.
    public var code: String { kind.code }

    /// A problem.
    public init(
        _ kind: ProblemKind, _ detail: String, headers: [(name: String, value: String)] = [],
        members: [(name: String, json: [UInt8])] = []
    ) {
        self.kind = kind
        self.detail = detail
        self.headers = headers
        self.members = members
    }

    /// The answer, with an instance made for this very occurrence.
    ///
    /// Its `type` is relative to the server, where its page is (RFC 9457, section 3.1.1).
    public func response() -> HTTPResponse {
        var json = JSONWriter()
        json.beginObject()
        json.member("type", "/problems/\(kind.code)")
        json.member("title", kind.title)
        json.member("status", Int64(kind.status))
        json.member("detail", detail)
        json.member("instance", "urn:uuid:\(Identifiers.uuid())")
        json.member("code", kind.code)
        json.member("retryable", kind.isRetryable)
        for member in members {
            json.key(text: member.name)
            json.raw(member.json)
        }
        json.endObject()
        return HTTPResponse(
            status: kind.status, headers: [("Content-Type", "application/problem+json")] + headers, body: json.bytes)
    }
}
