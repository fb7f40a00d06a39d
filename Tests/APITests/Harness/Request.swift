import Support

/// A request as it is sent.
struct Request {
    let method: String
    let path: String
    private(set) var headers: [(String, String)] = []
    private(set) var body: [UInt8] = []

    /// A request, with a body in JSON when there is one.
    init(_ method: String, _ path: String, _ json: String? = nil) {
        self.method = method
        self.path = path
        guard let json else { return }
        body = Array(json.utf8)
        headers.append(("Content-Type", "application/json"))
    }

    /// The same as somebody.
    func by(_ token: String) -> Request { with("Authorization", "Bearer \(token)") }

    /// The same with a header more.
    func with(_ name: String, _ value: String) -> Request {
        var request = self
        request.headers.append((name, value))
        return request
    }

    /// The same under an idempotency key.
    func keyed(_ key: String) -> Request { with("Idempotency-Key", key) }

    /// The same with these bytes as its body.
    func carrying(_ bytes: [UInt8]) -> Request {
        var request = self
        request.body = bytes
        return request
    }

    fileprivate var bytes: [UInt8] {
        var head = "\(method) \(path) HTTP/1.1\r\nHost: test\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if !body.isEmpty { head += "Content-Length: \(body.count)\r\n" }
        return Array((head + "\r\n").utf8) + body
    }
}

extension HTTPClient {
    /// Sends one request; its answer is left to `answer`.
    func send(_ request: Request) throws { try write(request.bytes) }

    /// Waits for one answer.
    func answer(to request: Request) throws -> APITests.Answer {
        let answer = APITests.Answer(try readAnswer(hasBody: request.method != "HEAD"))
        try Contract.shared.check(request, answer)
        return answer
    }
}
