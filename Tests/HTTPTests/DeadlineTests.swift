import Foundation
import Loops
import Support
import Testing

@testable import HTTP

/// The limits are short to keep the tests short; no test fails because the machine is slow.
@Suite("Deadlines and back-pressure")
struct DeadlineTests {
    private static var short: HTTPLimits {
        var limits = HTTPLimits()
        limits.headTime = .milliseconds(100)
        limits.bodyTime = .milliseconds(100)
        limits.idleTime = .milliseconds(100)
        limits.writeTime = .milliseconds(100)
        limits.lingerTime = .milliseconds(100)
        return limits
    }

    @Test(
        "a request that arrives slowly is refused at its deadline, however steadily it arrives",
        arguments: [
            ("GET / HTTP/1.1\r\nX-Request-Id: slow\r\nX: ", "y"),
            ("POST / HTTP/1.1\r\nHost: x\r\nX-Request-Id: slow\r\nContent-Length: 60000\r\n\r\n", "y"),
            ("POST / HTTP/1.1\r\nHost: x\r\nX-Request-Id: slow\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\ny\r\n"),
        ])
    func dripping(_ beginning: String, _ drop: String) async throws {
        try await TestServer.run({ _ in EchoHandler() }, limits: Self.short) { server in
            let client = try server.client()
            try client.send(beginning)
            // If each byte extended the deadline, this would take half a minute.
            for _ in 0..<3_000 where !client.isReadable(within: 10) { client.trySend(Array(drop.utf8)) }
            try #require(client.isReadable(within: 0))
            let answer = try client.answer()
            #expect(answer.status == 408)
            #expect(answer.problemCode == "request-timeout")
            #expect(answer["x-request-id"] == "slow")
            #expect(answer.closes)
        }
    }

    @Test("an idle connection is closed without a response, whether new or used")
    func idle() async throws {
        try await TestServer.run({ _ in EchoHandler() }, limits: Self.short) { server in
            let new = try server.client()
            #expect(new.rest().isEmpty)
            let used = try server.client()
            try used.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try used.answer()
            #expect(used.rest().isEmpty)
        }
    }

    @Test("a handler may take longer than any deadline of its request")
    func slowHandler() async throws {
        final class Slow: HTTPHandler {
            let loop: EventLoop
            init(_ loop: EventLoop) { self.loop = loop }
            func respond(to request: HTTPRequest) async -> HTTPResponse {
                await loop.sleep(for: .seconds(1))
                return HTTPResponse(status: 200)
            }
        }
        try await TestServer.run({ Slow($0) }, limits: Self.short) { server in
            let answer = try server.ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(answer.status == 200)
        }
    }

    @Test("a client that reads nothing is disconnected, and its answers do not pile up")
    func neverReads() async throws {
        let seen = EchoHandler.Seen()
        try await TestServer.run({ _ in Large(seen) }, limits: Self.short) { server in
            let client = try server.client(receiveBytes: 4_096)
            _ = client.sendWhatFits(Array(String(repeating: Large.request, count: 4_000).utf8))
            try await server.until("the connection is closed") { $0.openConnections == 0 }
        }
        // The kernel's buffers and a little more; 4,000 answers are 250 MB.
        #expect(seen.requests.count < 400)
    }

    @Test("clients with too many unread bytes in total are disconnected, and a client that reads is not")
    func unread() async throws {
        var limits = HTTPLimits.patient
        limits.allUnsentBytes = 200_000
        limits.connections = 100
        try await TestServer.run({ _ in Large(EchoHandler.Seen()) }, limits: limits) { server in
            let all = try (0..<20).map { _ in try server.client(receiveBytes: 4_096) }
            for client in all { _ = client.sendWhatFits(Array(String(repeating: Large.request, count: 200).utf8)) }
            try await server.until("some are closed") { $0.openConnections < all.count }
            let reader = try server.client()
            for _ in 0..<3 {
                try reader.send(Large.request)
                #expect(try reader.answer().body == Large.body)
            }
            // Each may have 256 KiB before no further request of it is served.
            try await server.until("the unread bytes are bounded") { $0.ledger.unsentBytes < 600_000 }
        }
    }

    @Test("a slow reader gets every byte, and no answers are made ahead of its reading")
    func slowReader() async throws {
        let seen = EchoHandler.Seen()
        try await TestServer.run({ _ in Large(seen) }) { server in
            let client = try server.client(receiveBytes: 4_096)
            let requests = Array(String(repeating: Large.request, count: 1_000).utf8)
            let sent = client.sendWhatFits(requests)
            let other = try server.client()
            try other.send("GET /other HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try other.answer()
            #expect(seen.requests.count < 400)
            // The rest is sent while the answers are read; a task might wait for the thread that this one blocks.
            let unsent = Array(requests[sent...])
            Thread.detachNewThread { client.trySend(unsent) }
            for index in 0..<1_000 {
                let answer = try client.answer()
                #expect(answer.body == Large.body, "answer \(index)")
            }
        }
        #expect(seen.requests.count == 1_001)
    }

    @Test("a client whose connection ends is forgotten, in whatever state it was", arguments: [false, true])
    func leaves(_ byReset: Bool) async throws {
        try await TestServer.run({ _ in EchoHandler() }) { server in
            for text in [
                "GET / HT", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab",
                "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET",
            ] {
                var client: RawClient? = try server.client()
                try client?.send(text)
                try await server.until("it has arrived") { $0.ledger.arrivingBytes > 0 }
                if byReset { client?.resetAtEnd() }
                client = nil
                try await server.until("it is forgotten") { $0.openConnections == 0 && $0.runningRequests == 0 }
                let left = try await server.look { $0.ledger.arrivingBytes }
                #expect(left == 0)
            }
        }
    }

    @Test("connections over the limit are closed at once, and one that ends makes room")
    func tooMany() async throws {
        var limits = HTTPLimits.patient
        limits.connections = 2
        try await TestServer.run({ _ in EchoHandler() }, limits: limits) { server in
            let first = try server.client()
            var second: RawClient? = try server.client()
            try await server.until("both are open") { $0.openConnections == 2 }
            let third = try server.client()
            #expect(third.rest().isEmpty)
            try second?.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try second?.answer()
            second = nil
            try await server.until("one has closed") { $0.openConnections == 1 }
            let answer = try server.ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(answer.status == 200)
            _ = first
        }
    }

    @Test("when descriptors are exhausted, waiting connections are accepted later")
    func exhausted() async throws {
        try await TestServer.run({ _ in EchoHandler() }) { server in
            let accepts = EchoHandler.Seen()
            try await server.look { server in
                server.acceptConnection = { listener in
                    accepts.note("accept")
                    return accepts.requests.count <= 2 ? .exhausted : Socket.accept(listener)
                }
            }
            let answer = try server.ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(answer.status == 200)
            #expect(accepts.requests.count > 2)
        }
    }

    @Test("a port in use and an address of another machine are reported")
    func cannotListen() async throws {
        try await TestServer.run({ _ in EchoHandler() }) { server in
            let errors = await server.loop.run { loop in
                [("127.0.0.1", server.port), ("192.0.2.1", 0), ("no such host", 0)].map { host, port in
                    let other = HTTPServer(loop: loop, limits: HTTPLimits(), handler: EchoHandler())
                    do throws(HTTPServerError) {
                        return "\(try other.listen(host: host, port: port, reusePort: false))"
                    } catch {
                        return error.description
                    }
                }
            }
            #expect(errors[0] == "cannot listen on 127.0.0.1:\(server.port): the port is taken")
            #expect(errors[1].hasPrefix("cannot listen on 192.0.2.1:0: "))
            #expect(errors[2] == "no such host is not an address of this machine")
        }
    }
}

/// Answers with 64 KiB.
private final class Large: HTTPHandler {
    static let request = "GET /large HTTP/1.1\r\nHost: x\r\n\r\n"
    static let body = (0..<65_536).map { UInt8(truncatingIfNeeded: $0 % 251) }
    private let seen: EchoHandler.Seen

    init(_ seen: EchoHandler.Seen) { self.seen = seen }

    func respond(to request: HTTPRequest) async -> HTTPResponse {
        seen.note(request.path)
        return HTTPResponse(status: 200, body: Self.body)
    }
}
