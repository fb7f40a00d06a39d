import Loops
import Testing

@testable import HTTP

/// Each case sends one malformed request, with a second request hidden behind it.
@Suite("Refusals")
struct RefusalTests {
    /// A request, and how it must be refused.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let text: String
        let status: Int
        let code: String

        init(_ name: String, _ text: String, _ status: Int = 400, _ code: String = "invalid-request") {
            testDescription = name
            self.text = text
            self.status = status
            self.code = code
        }
    }

    private static func chunked(_ name: String, _ chunks: String, _ status: Int = 400) -> Case {
        Case(
            name, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\(chunks)", status,
            status == 413 ? "body-too-large" : "invalid-request")
    }

    private static func headed(_ name: String, _ headers: String) -> Case {
        Case(name, "POST / HTTP/1.1\r\nHost: x\r\n\(headers)\r\n\r\n")
    }

    private static let lengths = [
        headed("Content-Length and Transfer-Encoding", "Content-Length: 4\r\nTransfer-Encoding: chunked"),
        headed("Transfer-Encoding and Content-Length", "Transfer-Encoding: chunked\r\nContent-Length: 4"),
        headed("two Content-Lengths", "Content-Length: 4\r\nContent-Length: 5"),
        headed("the same Content-Length twice", "Content-Length: 0\r\nContent-Length: 0"),
        headed("a list of lengths", "Content-Length: 4, 4"),
        headed("a length with a sign", "Content-Length: +4"),
        headed("a negative length", "Content-Length: -1"),
        headed("a length in hexadecimal", "Content-Length: 0x4"),
        headed("a length with a blank inside", "Content-Length: 1 0"),
        headed("an empty length", "Content-Length:"),
        headed("a length beyond 64 bits", "Content-Length: 18446744073709551620"),
        headed("an unknown coding", "Transfer-Encoding: gzip"),
        headed("a coding before chunked", "Transfer-Encoding: gzip, chunked"),
        headed("chunked twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
        headed("xchunked", "Transfer-Encoding: xchunked"),
        headed("chunked with a vertical tab", "Transfer-Encoding: \u{b}chunked"),
        headed("a name that begins as Transfer-Encoding", "Transfer-Encoding-X: chunked"),
        headed("a length with a tab behind it", "Content-Length: 4\t"),
        headed("identity", "Transfer-Encoding: identity"),
        Case("chunked in HTTP/1.0", "POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ]

    private static let headers = [
        headed("a space before the colon", "Content-Length : 4"),
        headed("a tab before the colon", "Content-Length\t: 4"),
        headed("a folded line", "X: a\r\n b"),
        headed("a line folded by a tab", "X: a\r\n\tContent-Length: 4"),
        Case("a first header that is folded", "GET / HTTP/1.1\r\n Host: x\r\n\r\n"),
        headed("a line feed alone", "X: a\nContent-Length: 4"),
        headed("a carriage return alone", "X: a\rContent-Length: 4"),
        headed("a NUL in a value", "X: a\0b"),
        headed("a NUL in a name", "X\0Y: a"),
        headed("a delete in a value", "X: a\u{7f}"),
        headed("no colon", "X"),
        headed("no name", ": a"),
        headed("a name that is no token", "X(): a"),
        headed("a name beyond ASCII", "X\u{e9}: a"),
        Case("line feeds all along", "GET / HTTP/1.1\nHost: x\n\n"),
        Case("a line feed at the end", "GET / HTTP/1.1\r\nHost: x\r\n\n"),
    ]

    private static let hosts = [
        Case("no Host", "GET / HTTP/1.1\r\n\r\n"),
        Case("an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
        headed("two Hosts", "Host: y"),
        headed("the same Host twice", "Host: x"),
        Case("a Host with a path", "GET / HTTP/1.1\r\nHost: x/y\r\n\r\n"),
        Case("a Host with a user", "GET / HTTP/1.1\r\nHost: a@x\r\n\r\n"),
        Case("two names in one Host", "GET / HTTP/1.1\r\nHost: x y\r\n\r\n"),
        Case("a Host with a wrong port", "GET / HTTP/1.1\r\nHost: x:8o\r\n\r\n"),
        Case("an open bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"),
        Case("two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: x\r\nHost: x\r\n\r\n"),
    ]

    private static func line(_ name: String, _ line: String, _ status: Int = 400, _ code: String = "invalid-request")
        -> Case
    {
        Case(name, "\(line)\r\nHost: x\r\n\r\n", status, code)
    }

    private static let requestLines = [
        line("no version", "GET /"),
        line("two spaces", "GET  / HTTP/1.1"),
        line("a tab", "GET\t/ HTTP/1.1"),
        line("a space before the method", " GET / HTTP/1.1"),
        line("a space behind the version", "GET / HTTP/1.1 "),
        line("a space in the target", "GET /a b HTTP/1.1"),
        line("a fragment", "GET /a#b HTTP/1.1"),
        line("a NUL in the target", "GET /\0 HTTP/1.1"),
        line("a byte beyond ASCII in the target", "GET /\u{e9} HTTP/1.1"),
        line("a target without a slash", "GET a HTTP/1.1"),
        line("an authority as target", "GET x:80 HTTP/1.1"),
        line("an asterisk for GET", "GET * HTTP/1.1"),
        line("another scheme", "GET ftp://x/ HTTP/1.1"),
        line("an absolute target without a host", "GET http:///a HTTP/1.1"),
        line("an absolute target with a user", "GET http://a@x/ HTTP/1.1"),
        line("a version in lower case", "GET / http/1.1"),
        line("a version of three digits", "GET / HTTP/1.10"),
        line("HTTP/0.9", "GET / HTTP/0.9", 505, "version-not-supported"),
        line("HTTP/1.2", "GET / HTTP/1.2", 505, "version-not-supported"),
        line("HTTP/2", "PRI * HTTP/2.0", 505, "version-not-supported"),
        line("a method in lower case", "get / HTTP/1.1", 405, "method-not-allowed"),
        line("TRACE", "TRACE / HTTP/1.1", 405, "method-not-allowed"),
        line("CONNECT", "CONNECT x:80 HTTP/1.1", 405, "method-not-allowed"),
        line("an unknown expectation", "GET / HTTP/1.1\r\nExpect: coffee", 417, "expectation-failed"),
        Case("two empty lines first", "\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"),
        Case("a TLS greeting", "\u{16}\u{3}\u{1}\n"),
    ]

    private static let chunks = [
        chunked("a chunk without a size", "\r\nhello\r\n0\r\n\r\n"),
        chunked("a size that is no number", "g\r\n"),
        chunked("a size with a sign", "+5\r\nhello\r\n0\r\n\r\n"),
        chunked("a size with 0x", "0x5\r\nhello\r\n0\r\n\r\n"),
        chunked("a blank before the size", " 5\r\nhello\r\n0\r\n\r\n"),
        chunked("a blank behind the size", "5 \r\nhello\r\n0\r\n\r\n"),
        chunked("a size of 17 digits", "00000000000000005\r\nhello\r\n0\r\n\r\n"),
        chunked("a size that fills 64 bits", "ffffffffffffffff\r\n", 413),
        chunked("a size that is one too large", "10001\r\n", 413),
        chunked(
            "chunks that are too large together", "10000\r\n\(String(repeating: "x", count: 65_536))\r\n1\r\n", 413),
        chunked("extensions without end", "5;\(String(repeating: "x", count: 70_000))", 413),
        chunked("a size line ended by a line feed", "5\nhello\r\n0\r\n\r\n"),
        chunked("an extension with a line feed", "5;a\nb\r\nhello\r\n0\r\n\r\n"),
        chunked("a chunk that is too long", "5\r\nhello!\r\n0\r\n\r\n"),
        chunked("a chunk ended by a line feed", "5\r\nhello\n0\r\n\r\n"),
        chunked("a chunk ended by two other bytes", "5\r\nhelloXX0\r\n\r\n"),
        chunked("a trailer with a length", "0\r\nContent-Length: 4\r\n\r\n"),
        chunked("a trailer with a coding", "0\r\nTransfer-Encoding: chunked\r\n\r\n"),
        chunked("a trailer with a host", "0\r\nHost: x\r\n\r\n"),
        chunked("a trailer without a colon", "0\r\nX\r\n\r\n"),
        chunked("a trailer that is folded", "0\r\nX: a\r\n b\r\n\r\n"),
        chunked("an end with a line feed alone", "0\r\n\n"),
    ]

    private static let sizes = [
        Case(
            "101 headers", "GET / HTTP/1.1\r\nHost: x\r\n\(String(repeating: "X: y\r\n", count: 100))\r\n", 431,
            "headers-too-large"),
        Case(
            "a head that is one byte too long", "GET / HTTP/1.1\r\nHost: x\r\n\(paddedHeader(16_385))\r\n\r\n", 431,
            "headers-too-large"),
        Case("a line that never ends", "GET /\(String(repeating: "x", count: 17_000))", 431, "headers-too-large"),
        Case(
            "a body that is one byte too long", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n", 413,
            "body-too-large"),
        Case(
            "a body too long that is asked for first",
            "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 65537\r\n\r\n", 413, "body-too-large"
        ),
    ]

    /// A header that makes the head exactly `headBytes` long.
    static func paddedHeader(_ headBytes: Int) -> String {
        let others = "GET / HTTP/1.1\r\nHost: x\r\nX: \r\n\r\n".utf8.count
        return "X: " + String(repeating: "y", count: headBytes - others)
    }

    static var all: [Case] { lengths + headers + hosts + requestLines + chunks + sizes }

    @Test("a malformed or too large request is refused with a problem, and nothing after it is served", arguments: all)
    func refused(_ given: Case) async throws {
        let seen = EchoHandler.Seen()
        try await TestServer.run({ _ in EchoHandler(seen) }) { server in
            let client = try server.client()
            client.trySend(Array("\(given.text)GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
            let answers = try client.answersToEnd()
            #expect(answers.map(\.status) == [given.status])
            guard let answer = answers.first else { return }
            #expect(answer.problemCode == given.code)
            #expect(answer.closes)
            #expect((answer["allow"] != nil) == (given.status == 405))
            #expect(answer["x-request-id"]?.utf8.count == 36)
            #expect(answer["date"]?.hasSuffix(" GMT") == true)
        }
        #expect(seen.requests.isEmpty)
    }

    @Test("requests before the malformed one are served")
    func before() async throws {
        try await TestServer.run({ _ in EchoHandler() }) { server in
            let client = try server.client()
            try client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost : x\r\n\r\n")
            let answers = try client.answersToEnd()
            #expect(answers.map(\.status) == [200, 400])
            #expect(answers.map(\.closes) == [false, true])
        }
    }

    @Test("a client that is still sending is not reset, and can read the refusal")
    func stillSending() async throws {
        var limits = HTTPLimits.patient
        limits.lingerTime = .seconds(300)
        try await TestServer.run({ _ in EchoHandler() }, limits: limits) { server in
            let client = try server.client()
            try client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\n")
            for _ in 0..<60 { try client.send([UInt8](repeating: 0x78, count: 65_536)) }
            let answers = try client.answersToEnd()
            #expect(answers.map(\.status) == [413])
        }
    }

    @Test("a refusal has the client's request id, and no body for HEAD")
    func named() async throws {
        try await TestServer.run({ _ in EchoHandler() }) { server in
            for text in [
                "POST / HTTP/1.1\r\nHost: x\r\nX-Request-Id: a.B_9-\r\nContent-Length: 65537\r\n\r\n",
                "BREW / HTTP/1.1\r\nX-Request-Id: a.B_9-\r\nHost: x\r\n\r\n",
            ] {
                let answer = try server.ask(text)
                #expect(answer["x-request-id"] == "a.B_9-")
            }
            let client = try server.client()
            try client.send("HEAD / HTTP/1.1\r\n\r\n")
            let answer = try client.answer(isHead: true)
            #expect(answer.status == 400)
            #expect(client.rest().isEmpty)
        }
    }

    @Test("an incomplete request is not answered if its client disconnects")
    func half() async throws {
        try await TestServer.run({ _ in EchoHandler() }) { server in
            for text in [
                "", "\r\n", "GET / HT", "GET / HTTP/1.1\r\nHost: x\r\n",
                "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\na",
            ] {
                let client = try server.client()
                try client.send(text)
                client.finishSending()
                #expect(client.rest().isEmpty)
            }
        }
    }

    @Test("a client that disconnects in the middle of a body under memory pressure is forgotten")
    func leavesWhenFull() async throws {
        let gate = Gate()
        var limits = HTTPLimits.patient
        limits.arrivingBytes = 60_000
        try await TestServer.run({ gate.handler($0) }, limits: limits) { server in
            var leaving: RawClient? = try server.client()
            try leaving?.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Type: a/b\r\nContent-Length: 100\r\n\r\nab")
            try await server.until("it has arrived") { $0.ledger.arrivingBytes > 0 }
            // A connection that is being answered cannot be refused for what follows.
            let busy = try server.client()
            try busy.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
            busy.trySend([UInt8](repeating: UInt8(ascii: "x"), count: 80_000))
            try await server.until("too many bytes are arriving") { $0.ledger.arrivingBytes > 60_000 }
            leaving?.resetAtEnd()
            leaving = nil
            try await server.until("its connection is closed") { $0.openConnections == 1 }
            await gate.open(server)
            #expect(try busy.answer().status == 200)
        }
    }
}
