import Support
import Testing

@testable import HTTP

@Suite("Request reader")
struct RequestReaderTests {
    @Test("the outcome of a request does not depend on how its bytes are split", arguments: SampleRequests.all)
    func anyCut(_ sample: String) {
        let bytes = Array(sample.utf8)
        let whole = RequestModel.outcomes(of: bytes, limits: HTTPLimits())
        #expect(!whole.isEmpty)
        expectSame(bytes, cuts: [], HTTPLimits(), whole)
        expectSame(bytes, cuts: Array(1..<bytes.count), HTTPLimits(), whole)
        for first in 1..<bytes.count {
            expectSame(bytes, cuts: [first], HTTPLimits(), whole)
            expectSame(bytes, cuts: Array(Set([first, min(first + 7, bytes.count - 1)])).sorted(), HTTPLimits(), whole)
        }
    }

    @Test("random bytes, split at random, are read as the model reads them")
    func modelAgrees() {
        var generator = SeededGenerator.fromEnvironment()
        var limits = HTTPLimits()
        limits.headBytes = 300
        limits.headers = 6
        limits.bodyBytes = 64
        var requests = 0
        var refusals = 0
        for _ in 0..<6_000 {
            let bytes = SampleRequests.mutated(&generator)
            let expected = RequestModel.outcomes(of: bytes, limits: limits)
            let cuts = (0..<Int.random(in: 0...4, using: &generator)).map { _ in
                Int.random(in: 0...bytes.count, using: &generator)
            }
            expectSame(bytes, cuts: cuts.sorted(), limits, expected)
            for outcome in expected {
                if case .request = outcome { requests += 1 } else { refusals += 1 }
            }
        }
        // Mutations that always or never broke requests would prove nothing.
        #expect(requests > 1_000 && refusals > 1_000, "\(requests) requests, \(refusals) refusals")
    }

    @Test("a longer body is allowed only on routes that permit it")
    func routeLimit() {
        var asked: [String] = []
        func outcome(_ path: String, _ framing: String, _ body: String) -> [RequestModel.Outcome] {
            var limits = HTTPLimits()
            limits.bodyBytes = 8
            var reader = RequestReader(limits, peer: "test")
            reader.append(Array("\r\nPOST \(path)?q HTTP/1.1\r\nHost: x\r\n\(framing)\r\n\r\n\(body)".utf8)[...])
            return reader.outcomes { head in
                #expect(head.body.isEmpty)
                asked.append("\(head.method.rawValue) \(head.path)")
                return head.path == "/large" ? 16 : 0
            }
        }
        func accepted(_ path: String, _ body: String) -> [RequestModel.Outcome] {
            [.request("POST \(path)?q", body: Array(body.utf8), keepsAlive: true)]
        }
        #expect(outcome("/small", "Content-Length: 8", "12345678") == accepted("/small", "12345678"))
        #expect(asked.isEmpty)
        #expect(outcome("/small", "Content-Length: 9", "123456789") == [.refused([413])])
        #expect(outcome("/large", "Content-Length: 9", "123456789") == accepted("/large", "123456789"))
        #expect(outcome("/large", "Content-Length: 17", "") == [.refused([413])])
        let chunks = "9\r\n123456789\r\n0\r\n\r\n"
        #expect(outcome("/small", "Transfer-Encoding: chunked", chunks) == [.refused([413])])
        #expect(outcome("/large", "Transfer-Encoding: chunked", chunks) == accepted("/large", "123456789"))
        #expect(asked == ["POST /small", "POST /large", "POST /large", "POST /small", "POST /large"])
    }

    @Test("a served request leaves no state")
    func keepsNothing() {
        var reader = RequestReader(HTTPLimits(), peer: "test")
        let body = String(repeating: "x", count: 60_000)
        reader.append(Array("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n\(body)".utf8)[...])
        #expect(reader.keptBytes > 60_000)
        #expect(reader.outcomes().count == 1)
        #expect(reader.keptBytes == 0)
    }

    private func expectSame(
        _ bytes: [UInt8], cuts: [Int], _ limits: HTTPLimits, _ expected: [RequestModel.Outcome],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for readsByLine in [false, true] {
            var limits = limits
            limits.readsByLine = readsByLine
            let outcomes = outcomes(bytes, cuts: cuts, limits)
            let agrees = outcomes.count == expected.count && zip(expected, outcomes).allSatisfy { $0.allows($1) }
            #expect(
                agrees,
                "by line: \(readsByLine), cut at \(cuts): \(String(decoding: bytes, as: UTF8.self).debugDescription): \(outcomes), not \(expected)",
                sourceLocation: sourceLocation)
        }
    }

    private func outcomes(_ bytes: [UInt8], cuts: [Int], _ limits: HTTPLimits) -> [RequestModel.Outcome] {
        var reader = RequestReader(limits, peer: "test")
        var outcomes: [RequestModel.Outcome] = []
        var start = 0
        for end in cuts + [bytes.count] {
            reader.append(bytes[start..<end])
            start = end
            outcomes += reader.outcomes()
            if let last = outcomes.last, last.isLast { break }
        }
        return outcomes
    }
}

extension RequestModel.Outcome {
    /// Whether the connection ends after this outcome.
    fileprivate var isLast: Bool {
        switch self {
        case .request(_, _, let keepsAlive): !keepsAlive
        case .refused: true
        }
    }
}

extension RequestReader {
    /// The outcomes of the bytes so far, up to the end of the connection.
    ///
    /// - Parameter permit: the maximum body if it is longer than usual or of unknown length.
    fileprivate mutating func outcomes(permit: (HTTPRequest) -> Int = { _ in 0 }) -> [RequestModel.Outcome] {
        var outcomes: [RequestModel.Outcome] = []
        while true {
            switch next() {
            case .needsBytes:
                return outcomes
            case .wantsGoAhead:
                continue
            case .wantsPermit(let head):
                guard let refused = self.permit(upTo: permit(head)) else { continue }
                return outcomes + [.refused([refused.refusal.status], isHead: refused.isHead)]
            case .request(let received):
                let request = received.request
                let query = request.query.isEmpty ? "" : "?\(request.query)"
                outcomes.append(
                    .request(
                        "\(request.method.rawValue) \(request.path)\(query)", body: request.body,
                        keepsAlive: received.keepsAlive))
                if !received.keepsAlive { return outcomes }
            case .refused(let refused):
                return outcomes + [.refused([refused.refusal.status], isHead: refused.isHead)]
            }
        }
    }
}
