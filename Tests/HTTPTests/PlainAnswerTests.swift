import Testing
import Text

@testable import HTTP

@Suite("Plain answers")
struct PlainAnswerTests {
    private static let date = Array("Sat, 28 Nov 2026 14:00:00 GMT".utf8)
    private static let more = Array("\r\nCache-Control: no-store".utf8)
    private static let high: UInt64 = 0x0123_4567_89ab_4def
    private static let low: UInt64 = 0x8123_4567_89ab_cdef

    /// The answer written by the general path and by the fast path.
    private func written(_ response: HTTPResponse) -> (inParts: String, inOneGo: String) {
        // Appended after pending output.
        var inParts = Array("before".utf8)
        var inOneGo = inParts
        let envelope = HTTPResponse.Envelope(
            requestID: .made(high: Self.high, low: Self.low), date: Self.date, isHTTP11: true, isHead: false,
            closes: false, lines: Self.more)
        response.write(to: &inParts, envelope)
        response.writePlain(
            to: &inOneGo, HexText(high: Self.high, low: Self.low), date: Self.date, lines: Self.more)
        return (String(decoding: inParts, as: UTF8.self), String(decoding: inOneGo, as: UTF8.self))
    }

    @Test("the fast path writes the same bytes as the general path", arguments: [200, 201, 404, 409, 431, 505])
    func sameBytes(status: Int) {
        for length in [0, 1, 9, 10, 99, 100, 12_345] {
            let body = (0..<length).map { UInt8(ascii: "a") + UInt8($0 % 26) }
            let response = HTTPResponse(status: status, body: body, lines: HTTPResponse.jsonLine)
            #expect(response.isPlain)
            let (inParts, inOneGo) = written(response)
            #expect(inParts == inOneGo)
            #expect(inOneGo.hasSuffix("Content-Length: \(length)\r\n\r\n\(String(decoding: body, as: UTF8.self))"))
        }
    }

    @Test("each response has a new instance, and is otherwise the same")
    func instance() throws {
        let place = String(repeating: "-", count: HexText.uuidLength)
        var response = HTTPResponse(status: 409, body: Array("{\"instance\":\"\(place)\",\"a\":1}".utf8))
        response.instance = 13
        var instances: Set<String> = []
        for text in [written(response), written(response)].flatMap({ [$0.inParts, $0.inOneGo] }) {
            let body = try #require(text.split(separator: "\r\n\r\n").last)
            #expect(body.hasPrefix("{\"instance\":\"") && body.hasSuffix("\",\"a\":1}"))
            #expect(body.utf8.count == response.body.count)
            instances.insert(String(body.dropFirst(13).prefix(HexText.uuidLength)))
        }
        #expect(instances.count == 4 && !instances.contains(place))
    }

    @Test("an answer with headers of its own, without a body, or with an unknown status is not plain")
    func others() {
        #expect(!HTTPResponse(status: 200, headers: [("A", "b")], body: []).isPlain)
        #expect(!HTTPResponse(status: 204).isPlain)
        #expect(!HTTPResponse(status: 304).isPlain)
        #expect(!HTTPResponse(status: 299).isPlain)
        #expect(!HTTPResponse(status: 700).isPlain)
    }
}
