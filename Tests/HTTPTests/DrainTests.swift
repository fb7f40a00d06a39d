import Loops
import Support
import Synchronization
import Testing

@testable import HTTP

@Suite("Draining")
struct DrainTests {
    @Test("running requests finish, idle connections are closed, and no new ones are accepted")
    func graceful() async throws {
        let gate = Gate()
        try await TestServer.run({ gate.handler($0) }) { server in
            let idle = try server.client()
            try idle.send("GET /quick HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try idle.answer()
            let busy = try server.client()
            try busy.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
            try await server.until("the slow one runs") { $0.runningRequests == 1 }
            try await server.beginDrain()
            #expect(idle.rest().isEmpty)
            #expect(throws: SupportError.self) { try server.client() }
            await gate.open(server)
            let answer = try busy.answer()
            #expect(answer.status == 200)
            #expect(answer.closes)
            #expect(busy.rest().isEmpty)
            busy.finishSending()
            try await server.until("all connections are closed") { $0.openConnections == 0 }
        }
    }

    @Test("requests that have arrived are served, and the last answer closes the connection")
    func arrived() async throws {
        let gate = Gate()
        try await TestServer.run({ gate.handler($0) }) { server in
            let client = try server.client()
            try client.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
            try await server.until("the slow one runs") { $0.runningRequests == 1 }
            let used = try server.client()
            try used.send("GET /quick HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try used.answer()
            // When draining starts, one client has sent another request, and another is connected but not accepted.
            let lateClient = Mutex<RawClient?>(nil)
            try await server.beginDrain {
                used.trySend(Array("GET /quick HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
                let late = try server.client()
                late.trySend(Array("GET /quick HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
                lateClient.withLock { $0 = late }
            }
            let late = try #require(lateClient.withLock { $0 })
            let usedAnswer = try used.answer()
            #expect(usedAnswer.closes)
            let lateAnswer = try late.answer()
            #expect(lateAnswer.status == 200)
            #expect(lateAnswer.closes)
            await gate.open(server)
            let answer = try client.answer()
            #expect(answer.closes)
            client.finishSending()
            late.finishSending()
            used.finishSending()
            try await server.until("all connections are closed") { $0.openConnections == 0 }
        }
    }

    @Test("requests that do not finish in time are cut")
    func bounded() async throws {
        let gate = Gate()
        try await TestServer.run({ gate.handler($0) }) { server in
            let client = try server.client()
            try client.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
            try await server.until("the slow one runs") { $0.runningRequests == 1 }
            let half = try server.client()
            try half.send("GET / HTTP/1.1\r\n")
            await server.drain(within: .milliseconds(50))
            #expect(client.rest().isEmpty)
            #expect(half.rest().isEmpty)
            let open = try await server.look { $0.openConnections }
            #expect(open == 0)
            // The handler runs to its end nevertheless.
            await gate.open(server)
            try await server.until("the handler has ended") { $0.runningRequests == 0 }
        }
    }
}
