import Foundation
import Loops
import RedisClient
import Support
import Testing

@testable import Accounts

@Suite("The window of login attempts")
struct LoginWindowTests {
    @Test("attempts leave the window one by one, and refusals do not prolong it")
    func slides() {
        var window = LoginWindow()
        #expect(window.begin("k", "1", limit: 2, window: 100, now: 1000) == 0)
        #expect(window.begin("k", "2", limit: 2, window: 100, now: 1040) == 0)
        #expect(window.begin("k", "3", limit: 2, window: 100, now: 1050) == 50)
        #expect(window.begin("k", "3", limit: 2, window: 100, now: 1099) == 1)
        #expect(window.begin("k", "4", limit: 2, window: 100, now: 1100) == 0)
        #expect(window.begin("k", "5", limit: 2, window: 100, now: 1100) == 40)
        window.withdraw("k", "2")
        #expect(window.begin("k", "6", limit: 2, window: 100, now: 1100) == 0)
        #expect(window.begin("other", "7", limit: 2, window: 100, now: 1100) == 0)
    }

    @Test("a full table refuses new keys until attempts have left it")
    func full() {
        var window = LoginWindow(maximumKeys: 2)
        #expect(window.begin("a", "1", limit: 5, window: 100, now: 1000) == 0)
        #expect(window.begin("b", "2", limit: 5, window: 100, now: 1050) == 0)
        #expect(window.begin("c", "3", limit: 5, window: 100, now: 1060) == 100)
        #expect(window.begin("a", "4", limit: 5, window: 100, now: 1060) == 0)
        #expect(window.begin("c", "5", limit: 5, window: 100, now: 1150) == 0)
    }

    @Test("the script in Redis agrees with the model")
    func differential() async throws {
        let configuration = try RedisConfiguration(url: TestServers.redis.url)
        let generator = SeededGenerator.fromEnvironment()
        let prefix = "login-window-\(UUID().uuidString)"
        let loop = try EventLoop(name: "window")
        defer { loop.stop() }
        try await loop.run { loop in
            let connection = RedisConnection(loop: loop, configuration: configuration)
            try connection.start()
            defer { connection.close() }
            var random = generator
            for round in 0..<60 {
                try await Self.compare("\(prefix)-\(round)", &random, connection)
            }
        }
    }

    private static let window: Int64 = 600_000

    /// Adds past attempts, then new attempts, and withdraws some of the new ones.
    private static func compare(
        _ key: String, _ random: inout SeededGenerator, _ connection: RedisConnection
    ) async throws {
        let limit = Int.random(in: 1...6, using: &random)
        let time = try await connection.send(RedisCommand(["TIME"])).array ?? []
        let now = try #require(time.first?.string.flatMap(Int64.init)) * 1000
        var model = LoginWindow()
        // No attempt leaves the window during the test: all ages are a minute away from its end.
        let ages = (0..<Int.random(in: 0...5, using: &random)).map { _ in
            Int64.random(in: 1...19, using: &random) * 60_000 + 30_000
        }
        for (index, age) in ages.sorted(by: >).enumerated() {
            _ = model.begin(key, "old-\(index)", limit: .max, window: window, now: now - age)
            _ = try await connection.send(RedisCommand("ZADD", key, String(now - age), "old-\(index)"))
        }
        var isCounted = false
        for step in 0..<12 {
            if Bool.random(using: &random) {
                let expected = model.begin(key, "\(step)", limit: limit, window: window, now: now)
                let reply = try await connection.call(
                    LoginLimit.function, keys: [key], arguments: ["\(step)", String(limit), String(window)])
                let wait = try #require(reply.integer)
                #expect((wait == 0) == (expected == 0))
                if wait == 0 { isCounted = true }
                // The script's clock has advanced.
                #expect(abs(wait - expected) < 30_000)
            } else {
                let withdrawn = "\(Int.random(in: 0...step, using: &random))"
                model.withdraw(key, withdrawn)
                _ = try await connection.send(RedisCommand("ZREM", key, withdrawn))
            }
        }
        let left = try await connection.send(RedisCommand("PTTL", key))
        // A key with counted attempts has an expiry.
        #expect(!isCounted || left.integer != -1)
        _ = try await connection.send(RedisCommand("DEL", key))
    }
}
