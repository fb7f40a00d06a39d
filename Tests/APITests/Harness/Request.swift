import Support

/// A request.
struct Request {
    let method: String
    let path: String
    private(set) var headers: [(name: String, value: [UInt8])] = []
    private(set) var body: [UInt8] = []

    /// A request, with a JSON body if there is one.
    init(_ method: String, _ path: String, _ json: String? = nil) {
        self.method = method
        self.path = path
        guard let json else { return }
        body = Array(json.utf8)
        headers.append(("Content-Type", Array("application/json".utf8)))
    }

    /// The request with a token.
    func by(_ token: String) -> Request { with("Authorization", "Bearer \(token)") }

    /// The request with one more header.
    func with(_ name: String, _ value: String) -> Request { with(name, Array(value.utf8)) }

    /// The request with one more header, whose value is these bytes.
    func with(_ name: String, _ value: [UInt8]) -> Request {
        var request = self
        request.headers.append((name, value))
        return request
    }

    /// The request with an idempotency key.
    func keyed(_ key: String) -> Request { with("Idempotency-Key", key) }

    /// The request with these bytes as its body.
    func carrying(_ bytes: [UInt8]) -> Request {
        var request = self
        request.body = bytes
        return request
    }

    fileprivate var bytes: [UInt8] {
        var bytes = Array("\(method) \(path) HTTP/1.1\r\nHost: test\r\n".utf8)
        for (name, value) in headers { bytes += Array("\(name): ".utf8) + value + Array("\r\n".utf8) }
        if !body.isEmpty { bytes += "Content-Length: \(body.count)\r\n".utf8 }
        return bytes + Array("\r\n".utf8) + body
    }
}

extension HTTPClient {
    /// Sends one request; `answer` receives its answer.
    func send(_ request: Request) throws { try write(request.bytes) }

    /// Waits for one answer.
    func answer(to request: Request) throws -> APITests.Answer {
        let answer = APITests.Answer(try readAnswer(hasBody: request.method != "HEAD"))
        try Contract.shared.check(request, answer)
        return answer
    }
}
