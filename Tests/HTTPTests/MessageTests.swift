import Loops
import Testing

@testable import HTTP

@Suite("Messages")
struct MessageTests {
    @Test(
        "well-formed requests are accepted",
        arguments: [
            ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET /\n"),
            ("\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET /\n"),
            ("GET /a/%2F?b=%20&c HTTP/1.1\r\nHost: x\r\n\r\n", "GET /a/%2F?b=%20&c\n"),
            ("GET http://h:80/a?b HTTP/1.1\r\nHost: h:80\r\n\r\n", "GET /a?b\n"),
            ("GET HTTPS://h HTTP/1.1\r\nHost: h\r\n\r\n", "GET /\n"),
            ("GET http://h?b HTTP/1.1\r\nHost: h\r\n\r\n", "GET /?b\n"),
            ("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "OPTIONS *\n"),
            ("OPTIONS http://h HTTP/1.1\r\nHost: h\r\n\r\n", "OPTIONS *\n"),
            ("GET / HTTP/1.0\r\n\r\n", "GET /\n"),
            ("GET / HTTP/1.1\r\nhOST:\t[::1]:80 \t\r\n\r\n", "GET /\n"),
            ("POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 0000000000000003\r\n\r\nabc", "POST /b\nabc"),
            ("DELETE /b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "DELETE /b\nabc"),
            (
                "PATCH /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: CHUNKED\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
                "PATCH /b\nabc"
            ),
            (
                "PUT /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0003;a;b=\"c d\"\r\nabc\r\nA\r\n0123456789\r\n00\r\nX: y\r\nZ:\r\n\r\n",
                "PUT /b\nabc0123456789"
            ),
            (
                "POST /b HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: upgrade\r\nContent-Length: 3\r\n\r\nabc",
                "POST /b\nabc"
            ),
        ])
    func understood(_ text: String, _ echo: String) async throws {
        try await TestServer.run({ _ in EchoHandler() }) { server in
            let answer = try server.ask(text)
            #expect(answer.status == 200)
            #expect(answer.text == echo)
        }
    }

    @Test("requests of exactly the maximum size are served")
    func largest() async throws {
        try await TestServer.run({ _ in EchoHandler() }) { server in
            let body = String(repeating: "x", count: 65_536)
            for text in [
                "GET / HTTP/1.1\r\nHost: x\r\n\(RefusalTests.paddedHeader(16_384))\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: x\r\n\(String(repeating: "X: y\r\n", count: 99))\r\n",
                "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 65536\r\n\r\n\(body)",
                "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n10000\r\n\(body)\r\n0\r\n\r\n",
            ] {
                let answer = try server.ask(text)
                #expect(answer.status == 200)
            }
        }
    }

    @Test("a request gets the same answer wherever its bytes are split", arguments: SampleRequests.all)
    func cutOnTheWay(_ sample: String) async throws {
        try await TestServer.run({ _ in EchoHandler() }) { server in
            let bytes = Array(sample.utf8)
            let expected = RequestModel.outcomes(of: bytes, limits: HTTPLimits())
            let other = try server.client()
            for cut in 1..<bytes.count {
                let client = try server.client()
                client.trySend(Array(bytes[..<cut]))
                // Its answer shows that the loop has read the earlier bytes.
                try other.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                _ = try other.answer()
                client.trySend(Array(bytes[cut...]))
                client.finishSending()
                let answers = try client.answers(to: expected)
                #expect(answers.map(\.status) == expected.statuses, "cut at \(cut)")
            }
        }
    }

    @Test("pipelined requests are answered in order, with one write for all that are ready")
    func pipelined() async throws {
        try await TestServer.run({ _ in EchoHandler() }) { server in
            let client = try server.client()
            let burst = (0..<200).map {
                "POST /\($0) HTTP/1.1\r\nHost: x\r\nX-Request-Id: r\($0)\r\nContent-Length: 4\r\n\r\nbody"
            }
            try client.send(burst.joined())
            for index in 0..<200 {
                let answer = try client.answer()
                #expect(answer.text == "POST /\(index)\nbody")
                #expect(answer["x-request-id"] == "r\(index)")
                #expect(!answer.closes)
            }
            // The burst may arrive in a few pieces, but not in one per request.
            let writes = try await server.look { $0.writeCalls }
            #expect(writes <= 20)
        }
    }

    @Test("HEAD is answered like GET, without the body")
    func head() async throws {
        try await TestServer.run({ _ in EchoHandler() }) { server in
            let client = try server.client()
            try client.send("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n")
            let head = try client.answer(isHead: true)
            #expect(head["content-length"] == "8")
            let next = try client.answer()
            #expect(next.text == "GET /b\n")
        }
    }

    @Test("Expect: 100-continue gets one 100 Continue, and only while the body is missing")
    func goAhead() async throws {
        try await TestServer.run({ _ in EchoHandler() }) { server in
            let client = try server.client()
            for framing in ["Content-Length: 4", "Transfer-Encoding: chunked"] {
                let head = "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\n\(framing)\r\n\r\n"
                let body = framing.hasPrefix("C") ? "body" : "4\r\nbody\r\n0\r\n\r\n"
                try client.send(head)
                let interim = try client.read(until: "\r\n\r\n")
                #expect(interim == "HTTP/1.1 100 Continue\r\n\r\n")
                try client.send(body)
                let asked = try client.answer()
                #expect(asked.status == 200)
                try client.send(head + body)
                let unasked = try client.answer()
                #expect(unasked.status == 200)
            }
            // HTTP/1.0 has no expectations, and without a body there is nothing to wait for.
            try client.send("GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n")
            let empty = try client.answer()
            #expect(empty.status == 200)
            try client.send("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")
            #expect(!client.isReadable(within: 50))
            try client.send("a")
            let old = try client.answer()
            #expect(old.status == 200)
        }
    }

    @Test(
        "the connection stays open or closes as the client asks",
        arguments: [
            ("1.1", "", true), ("1.1", "Connection: close\r\n", false), ("1.1", "Connection: x ,\tCLOSE\r\n", false),
            ("1.1", "Connection: closed\r\n", true), ("1.1", "Connection: x\r\nConnection: close\r\n", false),
            ("1.0", "", false), ("1.0", "Connection: keep-alive\r\n", true),
            ("1.0", "Connection: keep-alive, close\r\n", false), ("1.0", "Proxy-Connection: keep-alive\r\n", false),
        ])
    func keepAlive(_ version: String, _ header: String, _ goesOn: Bool) async throws {
        try await TestServer.run({ _ in EchoHandler() }) { server in
            let client = try server.client()
            try client.send("GET / HTTP/\(version)\r\nHost: x\r\n\(header)\r\n")
            let answer = try client.answer()
            #expect(answer["connection"] == (goesOn ? version == "1.0" ? "keep-alive" : nil : "close"))
            guard goesOn else {
                #expect(client.rest().isEmpty)
                return
            }
            try client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            let second = try client.answer()
            #expect(second.status == 200)
        }
    }

    @Test("a valid X-Request-Id of the client is used, otherwise one is generated")
    func requestIDs() async throws {
        try await TestServer.run({ _ in EchoHandler() }) { server in
            let longest = String(repeating: "a", count: 128)
            for id in ["a", "A-z_0.9", longest] {
                let answer = try server.ask("GET / HTTP/1.1\r\nHost: x\r\nx-request-id: \(id)\r\n\r\n")
                #expect(answer["x-request-id"] == id)
            }
            for id in ["", "a b", "a/b", "\u{e9}", longest + "a", "\"a\""] {
                let answer = try server.ask("GET / HTTP/1.1\r\nHost: x\r\nX-Request-Id: \(id)\r\n\r\n")
                let made = try #require(answer["x-request-id"])
                #expect(
                    made.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil)
            }
        }
    }

    @Test("an echoed value cannot start another header, and statuses without a body have none")
    func answers() async throws {
        final class Handler: HTTPHandler {
            func respond(to request: HTTPRequest) async -> HTTPResponse {
                let status = Int(request.path.dropFirst()) ?? 200
                return HTTPResponse(
                    status: status, headers: [("X", "a\r\nSet-Cookie: b\0\u{7f}")], body: Array("c".utf8))
            }
        }
        try await TestServer.run({ _ in Handler() }) { server in
            let client = try server.client()
            for status in [200, 204, 304, 599] {
                try client.send("GET /\(status) HTTP/1.1\r\nHost: x\r\n\r\n")
                let answer = try client.answer()
                #expect(answer.status == status)
                #expect(answer["x"] == "aSet-Cookie: b")
                #expect(answer["set-cookie"] == nil)
                #expect(answer["content-length"] == (status == 200 || status == 599 ? "1" : nil))
            }
        }
    }
}

extension [RequestModel.Outcome] {
    /// Statuses of the answers to these outcomes.
    var statuses: [Int] {
        map { outcome in
            switch outcome {
            case .request: 200
            case .refused(let statuses, _): statuses.first ?? 0
            }
        }
    }
}

extension RawClient {
    /// The answers to these outcomes, without interim responses, up to the end of the connection.
    func answers(to outcomes: [RequestModel.Outcome]) throws -> [RawAnswer] {
        var answers: [RawAnswer] = []
        for outcome in outcomes {
            let isHead =
                switch outcome {
                case .request(let asked, _, _): asked.hasPrefix("HEAD ")
                case .refused(_, let isHead): isHead
                }
            var next = try answer(isHead: isHead)
            if next.status == 100 { next = try answer(isHead: isHead) }
            answers.append(next)
        }
        // A client that sends Expect and then nothing more gets 100 Continue.
        let rest = String(decoding: rest(), as: UTF8.self)
        return rest.isEmpty || rest == "HTTP/1.1 100 Continue\r\n\r\n" ? answers : answers + answers
    }
}
