import Loops
import Support
import Synchronization
import Testing

@testable import HTTP

@Suite("Client ledger")
struct ClientLedgerTests {
    private final class Ended: Sendable {
        private let list = Mutex<[UInt64]>([])
        var all: [UInt64] { list.withLock { $0 } }
        func ender(_ name: UInt64) -> @Sendable () -> Void { { self.list.withLock { $0.append(name) } } }
    }

    @Test(
        "over its limit an address loses its largest connection; over the total, the largest of all; never busy ones"
    )
    func largest() {
        var limits = HTTPLimits()
        limits.addressArrivingBytes = 100
        limits.arrivingBytes = 250
        let ledger = ClientLedger(limits)
        let ended = Ended()
        func note(_ name: UInt64, _ address: String?, _ bytes: Int, mayEnd: Bool = true) {
            ledger.note(.arriving, name, of: address, bytes: bytes, mayEnd: mayEnd, end: ended.ender(name))
        }
        note(1, "a", 60)
        note(2, "a", 30)
        note(3, "a", 20)
        #expect(ended.all == [1] && ledger.arrivingBytes == 50)
        note(4, "b", 90)
        note(5, nil, 95, mayEnd: false)
        #expect(ended.all == [1] && ledger.arrivingBytes == 235)
        note(3, "a", 40)
        #expect(ended.all == [1, 4] && ledger.arrivingBytes == 165)
        for name in [2, 3, 4, 5] as [UInt64] { note(name, "a", 0) }
        #expect(ledger.arrivingBytes == 0 && ledger.addresses == 0)
    }

    private static func whole(_ path: String, _ more: String = "") -> String {
        "GET \(path) HTTP/1.1\r\nHost: x\r\n\(more)\r\n"
    }

    @Test("an address has a connection limit over all loops, gets 503 beyond it, and can reconnect when one ends")
    func connections() async throws {
        var limits = HTTPLimits.patient
        limits.addressConnections = 3
        limits.turnedAwayTime = .seconds(300)
        let ledger = ClientLedger(limits)
        try await TestServer.run({ _ in EchoHandler() }, limits: limits, ledger: ledger) { first in
            try await TestServer.run({ _ in EchoHandler() }, limits: limits, ledger: ledger) { second in
                var kept: [RawClient] = []
                for server in [first, second, first] {
                    let client = try server.client()
                    try client.send(Self.whole("/"))
                    #expect(try client.answer().status == 200)
                    kept.append(client)
                }
                for server in [first, second] {
                    let refused = try server.ask(Self.whole("/", "X-Request-Id: mine\r\n"))
                    #expect(refused.status == 503 && refused.problemCode == "overloaded" && refused.closes)
                    #expect(refused["retry-after"] == "1" && refused["x-request-id"] == "mine")
                }
                // Refused connections must have closed before connections are counted.
                try await first.until("its refused connection has closed") { $0.openConnections == 2 }
                try await second.until("its refused connection has closed") { $0.openConnections == 1 }
                // The number of turned-away connections is limited too.
                let waiting = try (0..<8).map { _ in try first.client() }
                try await first.until("they are open") { $0.openConnections == 10 }
                let beyond = try first.client().answersToEnd()
                #expect(beyond.map(\.status) == [503])
                try kept[0].send(Self.whole("/"))
                #expect(try kept[0].answer().status == 200)
                kept.removeFirst()
                try await first.until("one has closed") { $0.openConnections == 9 }
                #expect(try second.ask(Self.whole("/")).status == 200)
                _ = waiting
            }
        }
        #expect(ledger.addresses == 0)
    }

    @Test("a connection over the limit that sends nothing gets 503 and is closed")
    func silent() async throws {
        var limits = HTTPLimits.patient
        limits.addressConnections = 1
        limits.turnedAwayTime = .milliseconds(1)
        try await TestServer.run({ _ in EchoHandler() }, limits: limits) { server in
            let first = try server.client()
            try await server.until("it is open") { $0.openConnections == 1 }
            let answers = try server.client().answersToEnd()
            #expect(answers.map(\.status) == [503])
            _ = first
        }
    }

    @Test("a trusted proxy has no connection limit")
    func proxies() async throws {
        var limits = HTTPLimits.patient
        limits.addressConnections = 1
        try await TestServer.run({ _ in EchoHandler() }, limits: limits) { server in
            let range = try #require(AddressRange("127.0.0.0/8"))
            try await server.look { $0.trustedProxies = TrustedProxies([range]) }
            let all = try (0..<5).map { _ in try server.client() }
            for client in all {
                try client.send(Self.whole("/", "X-Forwarded-For: 203.0.113.1\r\n"))
                #expect(try client.answer().status == 200)
            }
        }
    }

    /// Answers with a stream that has no end.
    private final class Streaming: HTTPHandler {
        private let loop: EventLoop
        private let ended: EchoHandler.Seen
        init(_ loop: EventLoop, _ ended: EchoHandler.Seen) {
            self.loop = loop
            self.ended = ended
        }
        func respond(to request: HTTPRequest) async -> HTTPResponse {
            let stream = HTTPResponseStream(loop: loop)
            stream.onClose = { [ended] in ended.note("ended") }
            return HTTPResponse(status: 200, body: Array("begin".utf8), stream: stream)
        }
    }

    @Test("an address has a stream limit, also behind a trusted proxy; the next stream gets 503 and leaves no state")
    func streams() async throws {
        var limits = HTTPLimits.patient
        limits.addressStreams = 2
        let ended = EchoHandler.Seen()
        let ledger = ClientLedger(limits)
        try await TestServer.run({ Streaming($0, ended) }, limits: limits, ledger: ledger) { server in
            let range = try #require(AddressRange("127.0.0.0/8"))
            try await server.look { $0.trustedProxies = TrustedProxies([range]) }
            func open(_ address: String) throws -> RawClient {
                let client = try server.client()
                try client.send(Self.whole("/", "X-Forwarded-For: \(address)\r\n"))
                return client
            }
            var kept = try [open("203.0.113.1"), open("203.0.113.1"), open("203.0.113.2")]
            try await server.until("they run") { $0.openConnections == 3 && $0.runningRequests == 0 }
            let refused = try open("203.0.113.1").answersToEnd()
            #expect(refused.map(\.status) == [503] && refused.first?.problemCode == "overloaded")
            #expect(ended.requests.count == 1)
            kept.removeFirst()
            try await server.until("one has closed") { $0.openConnections == 2 }
            kept.append(try open("203.0.113.1"))
            try await server.until("it runs") { $0.openConnections == 3 && $0.runningRequests == 0 }
            #expect(ended.requests.count == 2)
        }
        #expect(ledger.addresses == 0)
    }

    @Test("connections that hold too many bytes are ended, and a request that arrives in two pieces is served")
    func twoPieces() async throws {
        var limits = HTTPLimits.patient
        limits.arrivingBytes = 300_000
        limits.addressArrivingBytes = 300_000
        try await TestServer.run({ _ in EchoHandler() }, limits: limits) { server in
            let head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n"
            let holders = try (0..<5).map { _ in try server.client() }
            for holder in holders { try holder.send(head + String(repeating: "x", count: 59_000)) }
            try await server.until("the connections hold their bytes") { $0.ledger.arrivingBytes > 290_000 }
            for _ in 0..<10 {
                let honest = try server.client()
                try honest.send("POST /honest HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n")
                try honest.send(String(repeating: "y", count: 8_000))
                try await server.until("the first piece has arrived") { $0.ledger.arrivingBytes > 8_000 }
                try honest.send(String(repeating: "y", count: 1_000))
                #expect(try honest.answer().status == 200)
            }
            try await server.until("one of the connections was ended") { $0.openConnections <= 5 + 10 }
            let statuses = try await server.look { $0.ledger.arrivingBytes }
            #expect(statuses <= 300_000)
        }
    }

    /// Permits a long body only for `/open`.
    private final class Judge: HTTPHandler {
        func respond(to request: HTTPRequest) async -> HTTPResponse {
            HTTPResponse(status: 200, body: Array(String(request.body.count).utf8))
        }
        func permit(_ head: HTTPRequest) async -> BodyPermit {
            await Task.yield()
            return head.path == "/open" ? .upTo(1 << 20) : .refused(HTTPResponse(status: 401))
        }
    }

    @Test("a long body without permission is refused at the end of the head, and none of it is kept")
    func judged() async throws {
        try await TestServer.run({ _ in Judge() }) { server in
            for framing in ["Content-Length: 1000000", "Transfer-Encoding: chunked"] {
                let client = try server.client()
                try client.send("POST /shut HTTP/1.1\r\nHost: x\r\n\(framing)\r\n\r\n")
                let refused = try client.answersToEnd()
                #expect(refused.map(\.status) == [401] && refused.first?.closes == true)
            }
            let body = String(repeating: "x", count: 1_000_000)
            let taken = try server.ask("POST /open HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n\(body)")
            #expect(taken.text == "1000000")
            let small = try server.ask("POST /shut HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab")
            #expect(small.text == "2")
            #expect(try await server.look { $0.ledger.arrivingBytes } == 0)
        }
    }
}

@Suite("Refusals of cross-origin requests")
struct RefusedPageTests {
    @Test("a request refused before it is parsed still gets CORS headers for its origin", arguments: RefusalTests.all)
    func complete(_ given: RefusalTests.Case) async throws {
        try await TestServer.run({ _ in EchoHandler() }) { server in
            try await server.look { server in
                server.complete = { lines, origin in lines += "\r\nX-Origin: \(origin ?? "none")".utf8 }
            }
            // Before the error in the head, if the head has a first line.
            guard let end = given.text.firstRange(of: "\r\n"), given.text.hasPrefix("\r\n") == false else { return }
            var text = given.text
            text.replaceSubrange(end, with: "\r\nOrigin: https://shop.example\r\n")
            let client = try server.client()
            client.trySend(Array(text.utf8))
            client.finishSending()
            let answers = try client.answersToEnd()
            #expect(answers.map(\.status) == [given.status])
            #expect(answers.first?["x-origin"] == "https://shop.example")
        }
    }

    @Test("CORS headers are also sent if Origin follows the error, and for a late request")
    func behind() async throws {
        var limits = HTTPLimits.patient
        limits.headTime = .milliseconds(1)
        try await TestServer.run({ _ in EchoHandler() }, limits: limits) { server in
            try await server.look { server in
                server.complete = { lines, origin in lines += "\r\nX-Origin: \(origin ?? "none")".utf8 }
            }
            for (text, status) in [
                ("GET / HTTP/1.1\r\nHost : x\r\norigin:https://shop.example\r\n\r\n", 400),
                ("GET / HTTP/1.1\r\nHost: x\r\nOrigin: https://shop.example\r\nX: ", 408),
            ] {
                let client = try server.client()
                try client.send(text)
                let answers = try client.answersToEnd()
                #expect(answers.map(\.status) == [status] && answers.first?["x-origin"] == "https://shop.example")
                #expect(answers.first?["cache-control"] == "no-store")
            }
        }
    }
}
