import JSON

/// An error as clients see it: `application/problem+json` (RFC 9457). Nothing internal belongs in `detail`.
public struct Problem: Error, Sendable {
    /// The status code.
    public var status: Int
    /// Kebab-case; also the end of the problem's `type`.
    public var code: String
    /// For people: what is wrong with this request.
    public var detail: String
    /// Whether the same request may succeed later, unchanged.
    public var isRetryable: Bool
    /// Headers to send with it.
    public var headers: [(name: String, value: String)]
    /// Further members: name and JSON.
    public var members: [(name: String, json: [UInt8])]

    /// A problem.
    public init(
        _ status: Int, _ code: String, _ detail: String, isRetryable: Bool = false,
        headers: [(name: String, value: String)] = [], members: [(name: String, json: [UInt8])] = []
    ) {
        self.status = status
        self.code = code
        self.detail = detail
        self.isRetryable = isRetryable
        self.headers = headers
        self.members = members
    }

    /// The answer, with an instance made for this very occurrence.
    public func response() -> HTTPResponse {
        var json = JSONWriter()
        json.beginObject()
        json.member("type", "https://usher.dev/problems/\(code)")
        json.member("title", HTTPResponse.reason(status))
        json.member("status", Int64(status))
        json.member("detail", detail)
        json.member("instance", "urn:uuid:\(Identifiers.uuid())")
        json.member("code", code)
        json.member("retryable", isRetryable)
        for member in members {
            json.key(member.name)
            json.raw(member.json)
        }
        json.endObject()
        return HTTPResponse(
            status: status, headers: [("Content-Type", "application/problem+json")] + headers, body: json.bytes)
    }
}
