import JSON

/// An error as clients see it: `application/problem+json` (RFC 9457). Never put internal information in `detail`.
package struct Problem: Error, Sendable {
    package let kind: ProblemKind
    /// For people: what is wrong with this particular request, with the numbers.
    package var detail: String
    package var headers: [(name: String, value: String)]
    /// Further members: names and JSON values.
    package var members: [(name: String, json: [UInt8])]

    package var status: Int { kind.status }
    /// Kebab-case; also the end of the problem's `type`.
    package var code: String { kind.code }

    package init(
        _ kind: ProblemKind, _ detail: String, headers: [(name: String, value: String)] = [],
        members: [(name: String, json: [UInt8])] = []
    ) {
        self.kind = kind
        self.detail = detail
        self.headers = headers
        self.members = members
    }

    /// The response, with a newly generated instance.
    ///
    /// `type` is relative to the server, which serves the page it names (RFC 9457, section 3.1.1).
    package func response() -> HTTPResponse {
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
