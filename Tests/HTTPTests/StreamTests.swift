import Loops
import Support
import Synchronization
import Testing

@testable import HTTP

@Suite("Streamed answers")
struct StreamTests {
    @Test("written bytes are sent in chunks, and the connection serves further requests after the end")
    func chunks() async throws {
        let source = Source()
        try await TestServer.run({ source.handler($0) }) { server in
            let client = try server.client()
            try client.send("GET /s HTTP/1.1\r\nHost: x\r\n\r\nGET /s HTTP/1.1\r\nHost: x\r\n\r\n")
            for round in 0..<2 {
                let head = try client.read(until: "\r\n\r\n")
                #expect(head.contains("\r\nTransfer-Encoding: chunked\r\n"))
                let first = try client.read(until: "first\r\n")
                #expect(first == "5\r\nfirst\r\n")
                let wrote = await source.use(server) { $0.write(Array("data: \(round)\n\n".utf8)) }
                #expect(wrote == true)
                let event = try client.read(until: "\n\n\r\n")
                #expect(event == "9\r\ndata: \(round)\n\n\r\n")
                _ = await source.use(server) { $0.write([]) }
                await source.use(server) { $0.end() }
                let end = try client.read(until: "0\r\n\r\n")
                #expect(end == "0\r\n\r\n")
                #expect(source.closed == round + 1)
            }
        }
    }

    @Test("HTTP/1.0 gets the bytes without chunks, and the connection closes at the end")
    func oldClient() async throws {
        let source = Source()
        try await TestServer.run({ source.handler($0) }) { server in
            let client = try server.client()
            try client.send("GET /s HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            let head = try client.read(until: "first")
            #expect(head.hasSuffix("\r\nConnection: close\r\n\r\nfirst"))
            #expect(!head.contains("Transfer-Encoding"))
            await source.use(server) { stream in
                stream.write(Array("second".utf8))
                stream.end()
            }
            #expect(String(decoding: client.rest(), as: UTF8.self) == "second")
        }
    }

    @Test("HEAD gets no stream")
    func head() async throws {
        let source = Source()
        try await TestServer.run({ source.handler($0) }) { server in
            let client = try server.client()
            try client.send("HEAD /s HTTP/1.1\r\nHost: x\r\n\r\nGET /s HTTP/1.1\r\nHost: x\r\n\r\n")
            let head = try client.answer(isHead: true)
            #expect(head.status == 200)
            #expect(source.closed == 1)
            let next = try client.read(until: "first\r\n")
            #expect(next.hasSuffix("\r\n\r\n5\r\nfirst\r\n"))
        }
    }

    @Test("a client that disconnects ends its stream")
    func clientLeaves() async throws {
        let source = Source()
        try await TestServer.run({ source.handler($0) }) { server in
            var client: RawClient? = try server.client()
            try client?.send("GET /s HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try client?.read(until: "first")
            client = nil
            try await server.until("the stream is closed") { _ in source.closed == 1 }
            let wrote = await source.use(server) { $0.write([1]) || $0.isOpen }
            #expect(wrote == false)
            try await server.until("the connection is forgotten") { $0.openConnections == 0 }
        }
    }

    @Test("a slow listener is disconnected, its backlog stays bounded, and others continue")
    func slowListener() async throws {
        let source = Source()
        try await TestServer.run({ source.handler($0) }) { server in
            let slow = try server.client(receiveBytes: 4_096)
            try slow.send("GET /s HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try slow.read(until: "first")
            // In separate ticks, so that each event can be sent.
            var events = 0
            while await source.use(server, { $0.write([UInt8](repeating: 0x78, count: 8_192)) }) == true {
                events += 1
                try #require(events < 10_000, "it was never cut")
            }
            #expect(source.closed == 1)
            try await server.until("the connection is forgotten") { $0.openConnections == 0 }
            #expect(!slow.rest().suffix(5).elementsEqual("0\r\n\r\n".utf8))
            let answer = try server.ask("GET /plain HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(answer.status == 200)
        }
    }

    @Test("writing more than the backlog at once visibly truncates the answer")
    func tooMuchAtOnce() async throws {
        let source = Source(first: [UInt8](repeating: 0x78, count: 70_000))
        try await TestServer.run({ source.handler($0) }) { server in
            let client = try server.client()
            try client.send("GET /s HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(!String(decoding: client.rest(), as: UTF8.self).hasSuffix("0\r\n\r\n"))
            #expect(source.closed == 1)
        }
    }

    @Test("a stream that ended before its answer started is a complete answer")
    func endedEarly() async throws {
        let source = Source(endsAtOnce: true)
        try await TestServer.run({ source.handler($0) }) { server in
            let answer = try server.ask("GET /s HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(answer.text == "first")
            #expect(source.closed == 1)
        }
    }

    @Test("draining ends streams with a complete answer")
    func drained() async throws {
        let source = Source()
        try await TestServer.run({ source.handler($0) }) { server in
            let client = try server.client()
            try client.send("GET /s HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try client.read(until: "first\r\n")
            await server.drain(within: .seconds(30))
            #expect(source.closed == 1)
            #expect(String(decoding: client.rest(), as: UTF8.self) == "0\r\n\r\n")
        }
    }

    @Test("a writer that waits for the client is never cut, however slowly the client reads")
    func backPressure() async throws {
        let source = Source()
        try await TestServer.run({ source.handler($0) }) { server in
            let client = try server.client(receiveBytes: 4_096)
            try client.send("GET /s HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try client.read(until: "first\r\n")
            let block = [UInt8](repeating: 0x78, count: 32_000)
            let writer = Task {
                for _ in 0..<12 {
                    guard await source.useLater(server, { $0.write(block) ? await $0.drained() : false }) == true else {
                        return false
                    }
                }
                await source.use(server) { $0.end() }
                return true
            }
            let rest = try client.read(until: "\r\n0\r\n\r\n")
            #expect(rest.utf8.count { $0 == 0x78 } == 12 * block.count)
            #expect(await writer.value)
            #expect(source.closed == 1)
        }
    }

    @Test("a writer that waits for a disconnected client is told that the stream is over")
    func clientLeavesWriter() async throws {
        let source = Source()
        try await TestServer.run({ source.handler($0) }) { server in
            var client: RawClient? = try server.client(receiveBytes: 4_096)
            try client?.send("GET /s HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try client?.read(until: "first\r\n")
            let writer = Task {
                while await source.useLater(
                    server, { $0.write([UInt8](repeating: 0x78, count: 32_000)) ? await $0.drained() : false }) == true
                {}
                return true
            }
            client = nil
            #expect(await writer.value)
            #expect(source.closed == 1)
        }
    }

    @Test("an aborted answer lacks its end")
    func aborted() async throws {
        let source = Source()
        try await TestServer.run({ source.handler($0) }) { server in
            let client = try server.client()
            try client.send("GET /s HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try client.read(until: "first\r\n")
            await source.use(server) { $0.abort() }
            #expect(client.rest().isEmpty)
            #expect(source.closed == 1)
        }
    }

    @Test("draining lets an incomplete answer continue, and cuts it at the deadline")
    func drainedUnfinished() async throws {
        for isFinished in [true, false] {
            let source = Source(endsWhenDraining: false)
            try await TestServer.run({ source.handler($0) }) { server in
                let client = try server.client()
                try client.send("GET /s HTTP/1.1\r\nHost: x\r\n\r\n")
                _ = try client.read(until: "first\r\n")
                let end = Task { await server.drain(within: isFinished ? .seconds(30) : .milliseconds(300)) }
                if isFinished {
                    try await server.until("the server is draining") { $0.isDraining }
                    let wrote = await source.use(server) { $0.write(Array("more".utf8)) }
                    #expect(wrote == true)
                    await source.use(server) { $0.end() }
                }
                await end.value
                let rest = String(decoding: client.rest(), as: UTF8.self)
                #expect(rest == (isFinished ? "4\r\nmore\r\n0\r\n\r\n" : ""))
                #expect(source.closed == 1)
            }
        }
    }
}

/// Creates streams for `/s` and keeps the last one.
// SAFETY of @unchecked: the stream is used on the server's loop only; everything else is immutable or atomic.
private final class Source: @unchecked Sendable {
    private let first: [UInt8]
    private let endsAtOnce: Bool
    private let endsWhenDraining: Bool
    private let closes = Atomic<Int>(0)
    private var stream: HTTPResponseStream?

    init(first: [UInt8] = Array("first".utf8), endsAtOnce: Bool = false, endsWhenDraining: Bool = true) {
        self.first = first
        self.endsWhenDraining = endsWhenDraining
        self.endsAtOnce = endsAtOnce
    }

    /// How many streams were closed.
    var closed: Int { closes.load(ordering: .sequentiallyConsistent) }

    /// Uses the last stream.
    func use<Value: Sendable>(
        _ server: TestServer, _ body: @Sendable @escaping (HTTPResponseStream) -> Value
    ) async -> Value? {
        await server.loop.run { _ in self.stream.map(body) }
    }

    /// Uses the last stream asynchronously.
    func useLater<Value: Sendable>(
        _ server: TestServer, _ body: @Sendable @escaping (HTTPResponseStream) async -> Value
    ) async -> Value? {
        await server.loop.run { _ in
            guard let stream = self.stream else { return nil }
            return await body(stream)
        }
    }

    func handler(_ loop: EventLoop) -> any HTTPHandler { Handler(loop, self) }

    private final class Handler: HTTPHandler {
        private let loop: EventLoop
        private let source: Source

        init(_ loop: EventLoop, _ source: Source) {
            self.loop = loop
            self.source = source
        }

        func respond(to request: HTTPRequest) async -> HTTPResponse {
            guard request.path == "/s" else { return HTTPResponse(status: 200) }
            let stream = HTTPResponseStream(loop: loop, endsWhenDraining: source.endsWhenDraining)
            stream.onClose = { self.source.closes.add(1, ordering: .sequentiallyConsistent) }
            stream.write(source.first)
            if source.endsAtOnce { stream.end() }
            source.stream = stream
            return HTTPResponse(status: 200, stream: stream)
        }
    }
}
