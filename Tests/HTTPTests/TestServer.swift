import Loops
import Support
import Synchronization

@testable import HTTP

/// A server on its own loop.
final class TestServer: Sendable {
    let loop: EventLoop
    let port: Int
    private let box: Box

    // SAFETY of @unchecked: used on the loop only.
    private final class Box: @unchecked Sendable {
        var server: HTTPServer?
    }

    private init(_ loop: EventLoop, _ port: Int, _ box: Box) {
        self.loop = loop
        self.port = port
        self.box = box
    }

    /// Runs `body` with a server, and stops it afterwards.
    ///
    /// - Parameter handler: created on the loop.
    static func run<Value>(
        _ handler: @Sendable @escaping (EventLoop) -> any HTTPHandler, limits: HTTPLimits = .patient,
        ledger: ClientLedger? = nil, _ body: (TestServer) async throws -> Value
    ) async throws -> Value {
        let loop = try EventLoop(name: "http-test")
        let box = Box()
        let port = try await loop.run { loop in
            let server = HTTPServer(loop: loop, limits: limits, handler: handler(loop), ledger: ledger)
            box.server = server
            return try server.listen(host: "127.0.0.1", port: 0, reusePort: false)
        }
        let server = TestServer(loop, port, box)
        let result = await Result { () async throws -> Value in try await body(server) }
        await loop.run { _ in
            await box.server?.drain(within: .zero)
            box.server = nil
        }
        loop.stop()
        return try result.get()
    }

    /// Evaluates `body` with the server, on its loop.
    func look<Value: Sendable>(_ body: @Sendable @escaping (HTTPServer) -> Value) async throws -> Value {
        let value = await loop.run { [box] _ in box.server.map(body) }
        guard let value else { throw SupportError("the server is gone") }
        return value
    }

    /// Drains and stops the server, as SIGTERM does.
    func drain(within time: Duration) async {
        await loop.run { [box] _ in await box.server?.drain(within: time) }
    }

    /// Starts draining without waiting for its end.
    ///
    /// - Parameter before: called on the loop immediately before the drain, without a tick in between.
    func beginDrain(before: @Sendable @escaping () throws -> Void = {}) async throws {
        try await loop.run { [box] loop in
            try before()
            loop.spawn { await box.server?.drain(within: .seconds(300)) }
        }
    }

    /// Waits until a condition on the server holds.
    func until(_ what: String, _ condition: @Sendable @escaping (HTTPServer) -> Bool) async throws {
        for _ in 0..<3_000 {
            if try await look(condition) { return }
            await loop.run { await $0.sleep(for: .milliseconds(10)) }
        }
        throw SupportError("condition never became true: \(what)")
    }

    func client(receiveBytes: Int32? = nil) throws -> RawClient {
        try RawClient(port: port, receiveBytes: receiveBytes)
    }

    /// Sends a request, shuts down the sending side, and returns the only answer.
    func ask(_ text: String) throws -> RawAnswer {
        let client = try client()
        try client.send(text)
        client.finishSending()
        let answers = try client.answersToEnd()
        guard answers.count == 1 else { throw SupportError("\(answers.count) answers") }
        return answers[0]
    }
}

extension HTTPLimits {
    /// Deadlines that no test reaches, however slow its machine.
    static var patient: HTTPLimits {
        var limits = HTTPLimits()
        limits.headTime = .seconds(300)
        limits.bodyTime = .seconds(300)
        limits.writeTime = .seconds(300)
        return limits
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do {
            self = .success(try await body())
        } catch {
            self = .failure(error)
        }
    }
}

/// Echoes each request, and records it.
final class EchoHandler: HTTPHandler {
    private let seen: Seen

    init(_ seen: Seen = Seen()) { self.seen = seen }

    /// The requests, in order.
    final class Seen: Sendable {
        private let list = Mutex<[String]>([])
        var requests: [String] { list.withLock { $0 } }
        func note(_ request: String) { list.withLock { $0.append(request) } }
    }

    func respond(to request: HTTPRequest) async -> HTTPResponse {
        let query = request.query.isEmpty ? "" : "?\(request.query)"
        let asked = "\(request.method.rawValue) \(request.path)\(query)"
        seen.note(asked)
        return HTTPResponse(status: 200, body: Array("\(asked)\n".utf8) + request.body)
    }
}

/// A handler whose `/slow` waits until the gate opens.
// SAFETY of @unchecked: used on the server's loop only.
final class Gate: @unchecked Sendable {
    private var waiting: [UnsafeContinuation<Void, Never>] = []

    func handler(_ loop: EventLoop) -> any HTTPHandler { Handler(self) }

    func open(_ server: TestServer) async {
        await server.loop.run { _ in
            for continuation in self.waiting { continuation.resume() }
            self.waiting = []
        }
    }

    private final class Handler: HTTPHandler {
        private let gate: Gate
        init(_ gate: Gate) { self.gate = gate }

        func respond(to request: HTTPRequest) async -> HTTPResponse {
            if request.path == "/slow" { await withUnsafeContinuation { gate.waiting.append($0) } }
            return HTTPResponse(status: 200)
        }
    }
}
