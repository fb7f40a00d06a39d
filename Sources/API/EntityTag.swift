import Cryptography
import HTTPServer
import Text

/// An `ETag` of an answer (RFC 9110, section 8.8.3).
struct EntityTag: Sendable {
    private let opaque: String

    /// The tag of answers that say the same as `content`.
    init(of content: [UInt8]) { opaque = "\"\(hexEncode(sha256(content).prefix(12)))\"" }

    /// The tag of an event: its version, which `If-Match` compares, and what else the answer says.
    init(version: Int64, of content: [UInt8]) { opaque = "\"\(version).\(hexEncode(sha256(content).prefix(12)))\"" }

    /// The tag of the seats of an event as they are after so many changes of this epoch of its life.
    init(sequence: Int64, of content: [UInt8]) { opaque = "\"\(sequence)-\(hexEncode(sha256(content).prefix(4)))\"" }

    /// The answer with its tag, or 304 when the client has it already (RFC 9110, section 13.1.2).
    ///
    /// - Parameter isWeak: whether answers under the tag may differ in what does not matter, such as their time.
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
