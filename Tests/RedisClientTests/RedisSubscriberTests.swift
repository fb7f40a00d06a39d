import Loops
import RedisClient
import Support
import Testing

@Suite("Redis subscriber")
struct RedisSubscriberTests {
    @Test("messages of any bytes arrive by channel until unsubscribed")
    func messages() async throws {
        let configuration = try impatient(TestServers.redis.url)
        try await withConnection(configuration) { loop, connection in
            let subscriber = RedisSubscriber(loop: loop, configuration: configuration)
            try subscriber.start()
            let first = Seen<[UInt8]>()
            let second = Seen<[UInt8]>()
            subscriber.subscribe("sub:1") { first.values.append($0) }
            await eventually(loop, "subscribed") { subscriber.isSubscribed }
            subscriber.subscribe("sub:2") { second.values.append($0) }
            await eventually(loop, "both") { subscriber.isSubscribed }
            let reply = try await publish([0, 13, 10, 255], "sub:1", connection)
            #expect(reply == 1)
            let next = try await publish([], "sub:2", connection)
            #expect(next == 1)
            await eventually(loop, "arrived") { first.values.count == 1 && second.values.count == 1 }
            #expect(first.values == [[0, 13, 10, 255]] && second.values == [[]])
            subscriber.unsubscribe("sub:1")
            await loop.sleep(for: .milliseconds(20))
            let third = try await publish([1], "sub:1", connection)
            #expect(third == 0)
            subscriber.close()
        }
    }

    @Test("it resubscribes after a restart of the server, and reports that")
    func restart() async throws {
        let server = try RedisServerProcess()
        let configuration = try impatient(server.url)
        try await withConnection(configuration) { loop, connection in
            let subscriber = RedisSubscriber(loop: loop, configuration: configuration)
            let seen = Seen<[UInt8]>()
            let again = Seen<Bool>()
            subscriber.onResubscribe = { again.values.append(true) }
            subscriber.subscribe("a") { seen.values.append($0) }
            subscriber.subscribe("b") { seen.values.append($0) }
            try subscriber.start()
            await eventually(loop, "subscribed") { subscriber.isSubscribed }
            #expect(again.values.isEmpty)
            try server.restart()
            await eventually(loop, "subscribed again") { again.values == [true] && connection.isReady }
            let reply = try await publish([1], "a", connection)
            #expect(reply == 1)
            let next = try await publish([2], "b", connection)
            #expect(next == 1)
            await eventually(loop, "arrived") { seen.values == [[1], [2]] }
            subscriber.close()
        }
    }

    @Test("a hanging server is detected while nothing is published, and a quiet one is kept")
    func silence() async throws {
        let server = try RedisServerProcess()
        var configuration = try impatient(server.url)
        configuration.commandTimeout = .milliseconds(50)
        let patient = configuration
        try await withLoop { loop in
            let subscriber = RedisSubscriber(loop: loop, configuration: patient)
            let again = Seen<Bool>()
            subscriber.onResubscribe = { again.values.append(true) }
            subscriber.subscribe("a") { _ in }
            try subscriber.start()
            await eventually(loop, "subscribed") { subscriber.isSubscribed }
            await loop.sleep(for: .milliseconds(300))
            #expect(again.values.isEmpty && subscriber.isSubscribed)
            server.suspend()
            await eventually(loop, "the hang is detected") { !subscriber.isSubscribed }
            server.resume()
            await eventually(loop, "subscribed again") { again.values == [true] }
            subscriber.close()
        }
    }
}

/// Returns how many subscribers received it.
private func publish(_ payload: [UInt8], _ channel: String, _ connection: RedisConnection) async throws -> Int64? {
    var command = RedisCommand(argumentCount: 3)
    command.append("PUBLISH")
    command.append(channel)
    command.append(payload)
    return try await connection.send(command).integer
}
