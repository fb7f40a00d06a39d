import Loops
import RedisClient
import SeatInventory
import Support
import Testing

@Suite("The rate limit on a real Redis")
struct RateLimitTests {
    private func withRedis(_ body: @Sendable (EventLoop, RedisConnection) async throws -> Void) async throws {
        try await withOwnRedis(.init()) { loop, connection, _ in
            _ = try await connection.send(RedisCommand("PING"))
            try await body(loop, connection)
        }
    }

    private static func subject(_ name: String, isWrite: Bool = true, isAddress: Bool = false) -> RateSubject {
        RateSubject(isWrite: isWrite, isAddress ? .address : .principal, name: name)
    }

    /// A model of the script: for each subject, the time at which its admitted requests would end at an even rate.
    private struct Model {
        let intervals: [Character: (interval: Int64, period: Int64)]
        private var arrivals: [String: Int64] = [:]

        init(principal: (interval: Int64, period: Int64), address: (interval: Int64, period: Int64)) {
            intervals = ["r": principal, "w": principal, "R": address, "W": address]
        }

        mutating func reply(_ subject: String, isAsked: Bool, now: Int64) -> Int64 {
            guard let limit = intervals[subject.first ?? " "] else { return 0 }
            let arrival = max(arrivals[subject] ?? 0, now)
            let fits = arrival + limit.interval - now <= limit.period
            if !fits, isAsked { return -arrival }
            let after = fits ? arrival + limit.interval : now + limit.period
            arrivals[subject] = after
            return after
        }
    }

    @Test("the script and the model agree over many windows and many subjects per call")
    func differential() async throws {
        var random = SeededGenerator.fromEnvironment()
        // The parts of a call: principals counted, addresses counted, principals asked for, addresses asked for.
        let calls: [[[String]]] = (0..<400).map { _ in
            [["r", "w"], ["R", "W"], ["r", "w"], ["R", "W"]].map { letters in
                (0..<Int.random(in: 0...6, using: &random)).map { _ in
                    "\(letters[Int.random(in: 0..<2, using: &random)])user \(Int.random(in: 0..<6, using: &random))"
                }
            }
        }
        try await withRedis { _, connection in
            // Windows of 40 ms, so that they change during the test.
            var model = Model(principal: (2000, 10_000), address: (500, 20_000))
            for parts in calls where parts != [[], [], [], []] {
                // A counted subject is sent once, with its count.
                let requests = parts.enumerated().map { part, subjects in
                    part >= 2 ? subjects.map { ($0, 1) } : Self.counted(subjects)
                }
                var call = RedisFunctionCall(RateLimiter.function, keyCount: 1, argumentCount: 2)
                call.append("{rate}")
                call.append([2000, 10_000, 500, 20_000].flatMap { Self.bytes($0, 6) })
                call.append(
                    requests.flatMap { Self.bytes($0.count, 2) }
                        + requests.joined().flatMap { subject, times in
                            [UInt8(times)] + Self.bytes(subject.utf8.count, 2) + Array(subject.utf8)
                        })
                let reply = try #require(try await connection.call(call).bytes)
                let numbers = stride(from: 0, to: reply.count, by: 7).map { Self.number(reply[$0..<$0 + 7]) }
                let now = try #require(numbers.first)
                var replies: [Int64] = []
                for (part, subjects) in requests.enumerated() {
                    for (subject, times) in subjects {
                        let told = (0..<times).map { _ in model.reply(subject, isAsked: part >= 2, now: now) }
                        replies.append(told.last ?? 0)
                    }
                }
                // The first bit marks a refusal.
                #expect(numbers.dropFirst().elementsEqual(replies.map { $0 < 0 ? -$0 | 1 << 55 : $0 }))
            }
            // Subjects without requests expire.
            let left = try await connection.send(RedisCommand("DBSIZE")).integer
            #expect((left ?? 0) <= 3)
        }
    }

    private static func counted(_ subjects: [String]) -> [(String, Int)] {
        Dictionary(subjects.map { ($0, 1) }, uniquingKeysWith: +).sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    private static func bytes(_ number: Int, _ width: Int) -> [UInt8] {
        (0..<width).map { UInt8(truncatingIfNeeded: number >> (8 * (width - 1 - $0))) }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int64 { bytes.reduce(0) { $0 << 8 | Int64($1) } }

    @Test("every admitted request is counted, also when many fall between two calls")
    func manyTimes() async throws {
        try await withRedis { loop, connection in
            let limits = RateLimits(principal: RateLimit(quota: 1000, periodSeconds: 86_400))
            let limiters = [0, 1].map { _ in RateLimiter(loop: loop, connection: connection, limits: limits) }
            let ann = Self.subject("ann")
            // After Redis's first answer, half of the quota is admitted without waiting.
            _ = await limiters[0].judge(Self.subject("first"))
            for _ in 0..<400 { #expect(await limiters[0].judge(ann)?.isAdmitted == true) }
            // The other loop learns of all of them before it has used half of the quota.
            _ = await limiters[1].judge(Self.subject("second"))
            var hasHeard = false
            for used in 1...400 where !hasHeard {
                let left = try #require(await limiters[1].judge(ann)?.remaining)
                hasHeard = left <= 600 - Int64(used)
                await loop.sleep(for: .milliseconds(1))
            }
            #expect(hasHeard)
        }
    }

    @Test("one loop admits exactly the quota, and each subject has its own quota")
    func exact() async throws {
        try await withRedis { loop, connection in
            let limiter = RateLimiter(
                loop: loop, connection: connection,
                limits: RateLimits(principal: RateLimit(quota: 20, periodSeconds: 86_400)))
            let ann = Self.subject("ann")
            for left in (0..<20).reversed() {
                let verdict = await limiter.judge(ann)
                #expect(verdict?.isAdmitted == true && verdict?.remaining == Int64(left))
            }
            for _ in 0..<3 {
                let refused = try #require(await limiter.judge(ann))
                #expect(!refused.isAdmitted && refused.remaining == 0)
                // One interval, minus the time since the first request.
                #expect((4_000_000_000...4_320_000_000).contains(refused.wait))
            }
            for other in [
                Self.subject("ann", isWrite: false), Self.subject("ann", isAddress: true), Self.subject("bob"),
            ] {
                #expect(await limiter.judge(other)?.isAdmitted == true)
            }
        }
    }

    @Test("two loops share one principal's quota, taking turns")
    func shared() async throws {
        try await withRedis { loop, connection in
            let limits = RateLimits(principal: RateLimit(quota: 30, periodSeconds: 86_400))
            let limiters = [0, 1].map { _ in RateLimiter(loop: loop, connection: connection, limits: limits) }
            let ann = Self.subject("ann")
            var admitted = 0
            for index in 0..<80 where await limiters[index % 2].judge(ann)?.isAdmitted == true { admitted += 1 }
            #expect(admitted == 30)
        }
    }

    @Test("concurrent requests are judged one by one")
    func burst() async throws {
        try await withRedis { loop, connection in
            let limiter = RateLimiter(
                loop: loop, connection: connection,
                limits: RateLimits(principal: RateLimit(quota: 40, periodSeconds: 86_400)))
            let counts = Counts()
            for _ in 0..<300 {
                loop.spawn {
                    let verdict = await limiter.judge(Self.subject("ann"))
                    if verdict?.isAdmitted == true { counts.admitted += 1 } else { counts.refused += 1 }
                }
            }
            while counts.admitted + counts.refused < 300 { await loop.sleep(for: .milliseconds(1)) }
            #expect(counts.admitted == 40)
        }
    }

    private final class Counts {
        var admitted = 0
        var refused = 0
    }
}
