import Cryptography
import HTTP
import Text

/// The `ETag` of a response (RFC 9110, section 8.8.3).
struct EntityTag: Sendable {
    private let opaque: String

    /// The tag of responses with this content.
    init(of content: [UInt8]) { opaque = "\"\(hexEncode(sha256(content).prefix(12)))\"" }

    /// The tag of an event: its version, which `If-Match` compares, and a digest of the response.
    init(version: Int64, of content: [UInt8]) { opaque = "\"\(version).\(hexEncode(sha256(content).prefix(12)))\"" }

    /// The tag of an event's seats at a sequence number.
    init(sequence: Int64, of content: [UInt8]) { opaque = "\"\(sequence)-\(hexEncode(sha256(content).prefix(4)))\"" }

    /// The response with its tag, or 304 if the client has it already (RFC 9110, section 13.1.2).
    ///
    /// - Parameter isWeak: whether responses under one tag may differ in details that do not matter, such as their
    ///   time.
    func answer(
        _ request: HTTPRequest, _ body: [UInt8], isWeak: Bool = false,
        headers: [(name: String, value: String)] = []
    ) -> HTTPResponse {
        let headers = headers + [(name: "ETag", value: isWeak ? "W/\(opaque)" : opaque)]
        guard !isKnown(to: request) else { return HTTPResponse(status: 304, headers: headers) }
        return HTTPResponse(status: 200, headers: [("Content-Type", "application/json")] + headers, body: body)
    }

    private func isKnown(to request: HTTPRequest) -> Bool {
        request.headers("if-none-match").flatMap { $0.unquotedParts(separatedBy: ",", hasEscapes: false) }.contains {
            part in
            let tag = part.trimmed
            return tag.isSame(as: "*") || tag.isSame(as: opaque) || tag.isSame(as: "W/\(opaque)")
        }
    }
}
