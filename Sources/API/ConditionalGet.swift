import Cryptography
import HTTPServer

/// An answer in JSON with an `ETag`; 304 when the client has it (RFC 9110, section 13.1.2).
///
/// - Parameter tag: a digest of the body when it is `nil`.
func tagged(_ request: HTTPRequest, _ body: [UInt8], tag: String? = nil) -> HTTPResponse {
    let tag = tag ?? digestTag(body)
    let known = request.header("if-none-match")?.split(separator: ",").map { $0.filter { $0 != " " } } ?? []
    if known.contains(where: { $0 == tag || $0 == "W/\(tag)" || $0 == "*" }) {
        return HTTPResponse(status: 304, headers: [("ETag", tag)])
    }
    return HTTPResponse(status: 200, headers: [("Content-Type", "application/json"), ("ETag", tag)], body: body)
}

/// A tag that differs where the body differs.
func digestTag(_ body: [UInt8]) -> String { "\"\(hexEncode(sha256(body)).prefix(24))\"" }
