import EventLoop
import Glibc

/// One client's connection: bytes in, requests out, answers in, bytes out. Lives on its server's loop.
@safe final class HTTPConnection {
    let descriptor: Int32
    let peer: String
    /// When it is cut, in monotonic nanoseconds; the server looks every 250 ms.
    private(set) var deadline: Int64
    /// Between two requests, with nothing to send: may be closed at any time.
    var isIdle: Bool { phase == .head && input.isEmpty && !isServing && unsent.isEmpty && ready.isEmpty }

    private enum Phase {
        case head, body
        /// An error was answered: what still comes is thrown away, so that the client gets to read the answer.
        case discarding
        case closed
    }

    /// Requests that were read and wait for the one before them; more are left in the socket.
    private static let pipelineLimit = 16
    /// How long a refused client's bytes are thrown away.
    private static let lingerTime = Duration.seconds(2)

    private unowned let server: HTTPServer
    private let watch: DescriptorWatch
    private let parser: HTTPMessageParser
    private var phase = Phase.head
    private var input: [UInt8] = []
    private var scanned = 0
    private var headCount = 0
    private var headers: [HTTPRequest.Header] = []
    private var ready: [(request: HTTPRequest, keepsAlive: Bool)] = []
    private var waiting: UnsafeContinuation<Void, Never>?
    private var drained: UnsafeContinuation<Void, Never>?
    private var unsent: [UInt8] = []
    private var isServing = false
    private var isDirty = false
    private var endsAfterWrite = false
    private var clientEnded = false

    init(server: HTTPServer, descriptor: Int32, peer: String) throws(EventLoopError) {
        self.server = server
        self.descriptor = descriptor
        self.peer = peer
        parser = HTTPMessageParser(bodyLimit: server.limits.bodyBytes)
        deadline = monotonicNanoseconds() + server.limits.headTime.nanoseconds
        let callbacks = Callbacks()
        watch = try DescriptorWatch(
            loop: server.loop, descriptor: descriptor, onRead: { callbacks.connection?.readable() },
            onWrite: { callbacks.connection?.writable() })
        callbacks.connection = self
        watch.reading = true
    }

    private final class Callbacks {
        weak var connection: HTTPConnection?
    }

    // MARK: - Serving

    /// Serves requests one after another until the connection ends.
    func serve() async {
        while let (request, keepsAlive) = await next() {
            isServing = true
            let response = await server.handler.respond(to: request)
            isServing = false
            guard phase != .closed else { return }
            let closes = !keepsAlive || server.isDraining
            response.write(
                to: &unsent, requestID: request.id, isHead: request.method == .head, closes: closes,
                date: server.date)
            if closes { endsAfterWrite = true }
            markDirty()
            if closes { return }
            setQuietDeadline()
            parse()
            if unsent.count > server.limits.unsentBytes {
                await unsafe withUnsafeContinuation { unsafe drained = $0 }
            }
        }
    }

    private func next() async -> (request: HTTPRequest, keepsAlive: Bool)? {
        if ready.isEmpty, phase != .closed, !clientEnded {
            await unsafe withUnsafeContinuation { unsafe waiting = $0 }
        }
        guard !ready.isEmpty, phase != .closed else {
            if clientEnded { finish() }
            return nil
        }
        let first = ready.removeFirst()
        if !watch.reading, phase != .closed { watch.reading = true }
        return first
    }

    private func wake() {
        guard let continuation = unsafe waiting else { return }
        unsafe waiting = nil
        unsafe continuation.resume()
    }

    // MARK: - Reading

    private func readable() {
        switch Socket.read(descriptor, into: &server.readBuffer) {
        case nil:
            return
        case 0:
            ended()
        case let count? where count > 0:
            guard phase != .discarding else { return }
            if input.isEmpty, phase == .head {
                deadline = monotonicNanoseconds() + server.limits.headTime.nanoseconds
            }
            input.append(contentsOf: server.readBuffer[..<count])
            parse()
        default:
            close()
        }
    }

    /// The client sends no more; what it asked is still answered.
    private func ended() {
        watch.reading = false
        clientEnded = true
        if phase == .discarding || !isServing && ready.isEmpty { close() } else { wake() }
    }

    private func parse() {
        while phase == .head || phase == .body, ready.count < Self.pipelineLimit {
            let progressed = phase == .head ? parseHead() : parseMessage()
            if !progressed { return }
        }
        if ready.count >= Self.pipelineLimit { watch.reading = false }
    }

    /// Looks for the end of the head; true when it was found and is in order.
    private func parseHead() -> Bool {
        while scanned < input.count {
            guard let lineFeed = input[scanned...].firstIndex(of: 10) else {
                scanned = input.count
                break
            }
            guard lineFeed > 0, input[lineFeed - 1] == 13 else {
                refuse(400, "invalid-request", "A line must end with CR LF.")
                return false
            }
            scanned = lineFeed + 1
            if lineFeed == 1 || lineFeed >= 3 && input[lineFeed - 2] == 10 {
                return headEnded()
            }
        }
        if input.count > server.limits.headBytes {
            refuse(431, "headers-too-large", "The headers are longer than \(server.limits.headBytes) bytes.")
        }
        return false
    }

    private func headEnded() -> Bool {
        headCount = scanned
        guard headCount <= server.limits.headBytes else {
            refuse(431, "headers-too-large", "The headers are longer than \(server.limits.headBytes) bytes.")
            return false
        }
        do throws(FramingGuard.Refusal) {
            headers = try FramingGuard.check(input[..<headCount], maximumHeaders: server.limits.headers)
        } catch {
            refuse(error.status, error.code, error.detail)
            return false
        }
        parser.reset()
        phase = .body
        deadline = monotonicNanoseconds() + server.limits.bodyTime.nanoseconds
        scanned = 0
        return true
    }

    /// Gives what is there to the parser; true when a request is complete.
    private func parseMessage() -> Bool {
        switch parser.consume(input[scanned...]) {
        case .complete(let used):
            completed(scanned + used)
            return true
        case .partial:
            let hadHead = scanned >= headCount
            scanned = input.count
            if !hadHead { answerExpectation() }
            // A long body need not be kept twice.
            if scanned > headCount {
                input.removeSubrange(headCount...)
                scanned = headCount
            }
            return false
        case .bodyTooLarge:
            refuse(413, "body-too-large", "The body is longer than \(server.limits.bodyBytes) bytes.")
            return false
        case .malformed:
            refuse(400, "invalid-request", "The request is malformed.")
            return false
        }
    }

    private func completed(_ end: Int) {
        let request = HTTPRequest(
            method: methodText.flatMap { HTTPMethod(rawValue: $0) }, target: parser.requestTarget,
            head: Array(input[..<headCount]), headers: headers, body: parser.body, peer: peer,
            makeID: server.makeRequestID)
        ready.append((request, parser.keepsAlive))
        input.removeSubrange(..<end)
        scanned = 0
        phase = .head
        deadline = .max
        wake()
    }

    private var methodText: String? {
        input.firstIndex(of: 32).map { String(decoding: input[..<$0], as: UTF8.self) }
    }

    /// RFC 9110, section 10.1.1.
    private func answerExpectation() {
        guard let expectation = headers.first(where: { FramingGuard.equal(input[$0.name], "expect") }) else { return }
        guard FramingGuard.equal(input[expectation.value], "100-continue") else {
            return refuse(417, "invalid-request", "The only expectation is 100-continue.")
        }
        guard ready.isEmpty, !isServing else { return }
        unsent.append(contentsOf: "HTTP/1.1 100 Continue\r\n\r\n".utf8)
        markDirty()
    }

    // MARK: - Writing and ending

    private func refuse(_ status: Int, _ code: String, _ detail: String) {
        phase = .discarding
        input.removeAll()
        deadline = monotonicNanoseconds() + Self.lingerTime.nanoseconds
        // Answers to earlier requests come first; their task ends the connection.
        guard !isServing, ready.isEmpty else {
            clientEnded = true
            return
        }
        let response = Problem(status, code, detail).response()
        response.write(
            to: &unsent, requestID: server.makeRequestID(), isHead: false, closes: true, date: server.date)
        endsAfterWrite = true
        markDirty()
    }

    private func setQuietDeadline() {
        if phase == .head, input.isEmpty {
            deadline = monotonicNanoseconds() + server.limits.idleTime.nanoseconds
        }
    }

    private func markDirty() {
        guard !isDirty else { return }
        isDirty = true
        server.dirty.append(self)
    }

    /// Writes what is queued; called once a tick.
    func flush() {
        isDirty = false
        guard phase != .closed, !unsent.isEmpty else { return }
        let count = Socket.write(descriptor, unsent[...])
        guard count >= 0 else { return close() }
        if count == unsent.count {
            unsent.removeAll(keepingCapacity: count <= 4096)
            watch.writing = false
            wakeDrained()
            if endsAfterWrite { finish() }
        } else {
            unsent.removeSubrange(..<count)
            if !watch.writing || count > 0 {
                deadline = monotonicNanoseconds() + server.limits.writeTime.nanoseconds
            }
            watch.writing = true
        }
    }

    private func writable() { flush() }

    private func wakeDrained() {
        guard let continuation = unsafe drained else { return }
        unsafe drained = nil
        setQuietDeadline()
        unsafe continuation.resume()
    }

    /// Tells the client that no more comes, and throws away what it still sends.
    private func finish() {
        guard phase != .closed else { return }
        guard unsent.isEmpty else {
            endsAfterWrite = true
            return
        }
        if clientEnded && phase != .discarding { return close() }
        phase = .discarding
        input.removeAll()
        deadline = monotonicNanoseconds() + Self.lingerTime.nanoseconds
        shutdown(descriptor, Int32(SHUT_WR))
        watch.reading = true
        wake()
    }

    /// The deadline passed.
    func timedOut() {
        guard phase == .head || phase == .body, !input.isEmpty || phase == .body, !isServing, unsent.isEmpty else {
            return close()
        }
        refuse(408, "request-timeout", "The request did not arrive in time.")
    }

    /// Ends it at once.
    func close() {
        guard phase != .closed else { return }
        phase = .closed
        watch.cancel()
        Glibc.close(descriptor)
        server.closed(self)
        wake()
        wakeDrained()
    }
}
