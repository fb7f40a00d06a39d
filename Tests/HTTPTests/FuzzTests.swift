import Foundation
import Loops
import Support
import Testing

@testable import HTTP

@Suite("Random bytes over a socket")
struct FuzzTests {
    @Test("for any input, the answers match the model and the server keeps running")
    func fuzz() async throws {
        var generator = SeededGenerator.fromEnvironment()
        try await TestServer.run({ _ in EchoHandler() }) { server in
            for _ in 0..<3_000 {
                let bytes = SampleRequests.mutated(&generator)
                let expected = RequestModel.outcomes(of: bytes, limits: HTTPLimits())
                let client = try server.client()
                let cut = Int.random(in: 0...bytes.count, using: &generator)
                client.trySend(Array(bytes[..<cut]))
                client.trySend(Array(bytes[cut...]))
                client.finishSending()
                let answers = try client.answers(to: expected)
                let agrees =
                    answers.count == expected.count
                    && zip(answers, expected).allSatisfy { answer, outcome in
                        switch outcome {
                        case .request(let asked, let body, let keepsAlive):
                            answer.status == 200 && keepsAlive == !answer.closes
                                && (asked.hasPrefix("HEAD ") || answer.body == Array("\(asked)\n".utf8) + body)
                        case .refused(let statuses, let isHead):
                            statuses.contains(answer.status) && answer.closes && (isHead || answer.problem != nil)
                        }
                    }
                #expect(
                    agrees,
                    "\(String(decoding: bytes, as: UTF8.self).debugDescription): \(answers.map(\.status)), not \(expected)"
                )
            }
            try await server.until("all are forgotten") { $0.openConnections == 0 && $0.runningRequests == 0 }
            let left = try await server.look { $0.ledger.arrivingBytes }
            #expect(left == 0)
        }
    }

    @Test("memory stays flat over many connections, bodies, refusals and aborted requests")
    func memory() async throws {
        try await TestServer.run({ _ in EchoHandler() }) { server in
            let body = String(repeating: "x", count: 40_000)
            let whole = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 40000\r\n\r\n\(body)"
            func round() throws {
                let kept = try server.client()
                for _ in 0..<5 {
                    try kept.send(whole)
                    _ = try kept.answer()
                }
                let leaver = try server.client()
                try leaver.send(String(whole.dropLast(1)))
                let refused = try server.client()
                refused.trySend(Array("\(whole)\(whole)BAD\r\n\r\n\(body)".utf8))
                refused.finishSending()
                _ = refused.rest()
            }
            // Other suites may allocate memory at the same time, but not every time; a leak of any of these bodies
            // would be 20 to 200 MB each time.
            var grown: [Int] = []
            repeat {
                let before = try residentBytes()
                for _ in 0..<500 { try round() }
                grown.append(try residentBytes() - before)
            } while grown.count < 10 && grown.last ?? 0 > 8_000_000
            #expect(grown.count < 10, "\(grown) bytes")
        }
    }

    private func residentBytes() throws -> Int {
        let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
        guard let pages = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            throw SupportError("no memory figures")
        }
        return pages * 4_096
    }
}
