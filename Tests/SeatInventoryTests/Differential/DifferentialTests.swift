import BoxOffice
import Foundation
import Support
import Synchronization
import Testing

@Suite("Functions and their model")
struct DifferentialTests {
    /// The number of commands in a run.
    private static var commands: Int {
        ProcessInfo.processInfo.environment["USHER_TEST_COMMANDS"].flatMap { Int($0) } ?? 100_000
    }

    /// Whether a number of commands was set explicitly.
    private static var isLong: Bool {
        let environment = ProcessInfo.processInfo.environment
        return environment["USHER_TEST_COMMANDS"] ?? environment["USHER_TEST_OPERATIONS"] != nil
    }

    /// The number of commands and operations by kind.
    private static func kinds(_ counts: [String: Int]) -> String {
        let sums = counts.reduce(into: [String: Int]()) { sums, answer in
            sums[String(answer.key.prefix { $0 != " " }), default: 0] += answer.value
        }
        return sums.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }

    /// Answers so frequent that a run of 50,000 commands gets each of them, whatever the seed.
    private static let answers = [
        "apply": "OK STALE RECOVERING NO_EVENT", "apply_full": "OK STALE RECOVERING NO_EVENT",
        "beginPayment": "OK ALREADY HOLD_EXPIRED EVENT_CANCELLED INVALID NOT_FOUND KEY REUSED KEY_LIMIT",
        "block": "OK FULL KEY REUSED SOLD_OUT SEATS_TAKEN UNKNOWN_TIER UNKNOWN_SEAT SEATED",
        "cancel": "OK ALREADY CANCELLATION_CLOSED HOLD_EXPIRED INVALID NOT_FOUND KEY REUSED",
        "cancelItems": "OK LINE CANCELLATION_CLOSED HOLD_EXPIRED INVALID NOT_FOUND KEY REUSED",
        "claim": """
        HELD FULL REPLAY KEY EXISTS GONE LOST REUSED UNKNOWN_TIER UNKNOWN_SEAT SEATED CANCELLED NOT_OPEN CLOSED SOLD_OUT \
        NOT_ENOUGH TICKET_LIMIT BOOKING_LIMIT KEY_LIMIT SEATS_TAKEN HELD_BY_OTHERS NO_ADJACENT
        """,
        "confirm": "OK RECLAIMED ALREADY REFUND_DUE SECOND MISMATCH NOT_FOUND KEY",
        "expire": "OK",
        "extend": "OK LIMIT HOLD_EXPIRED EVENT_CANCELLED INVALID NOT_FOUND KEY",
        "failPayment": "OK INVALID NOT_FOUND KEY",
        "overrule": "OK ALREADY",
        "refunded": "OK ALREADY INVALID NOT_FOUND",
        "unblock": "OK NO_BLOCK",
        "unreadable": "MALFORMED",
        "availability": "OK NO_EVENT",
        "close": "OK STALE",
        "load_booking": "OK TOO_OLD",
        "load_event": "OK EXISTS",
        "load_fields": "OK",
        "open": "OK",
        "remember": "OK REUSED KEY_LIMIT NOT_FOUND",
        "seat_map": "OK SAME NO_EVENT",
        "update_event": "OK COMMITTED UNKNOWN_TIER RECOVERING",
    ]

    /// The minimum number of operations of one kind in a run of that kind.
    private static var operations: Int {
        ProcessInfo.processInfo.environment["USHER_TEST_OPERATIONS"].flatMap { Int($0) } ?? 1000
    }

    @Test(
        "every operation answers and writes as in the model, among others and in groups of all sizes",
        arguments: CommandGenerator.Kind.allCases.filter(\.isOperation))
    func everyOperation(kind: CommandGenerator.Kind) async throws {
        let (seed, wanted) = (SeededGenerator.fromEnvironment().seed &+ UInt64(kind.weight), Self.operations)
        let done = try await ScriptRedis.with { redis in
            var (seeds, done) = (SeededGenerator(seed: seed), 0)
            while done < wanted {
                let run = DifferentialRun(
                    redis: redis, seed: seeds.next(), kinds: CommandGenerator.Kind.allCases, favoured: kind)
                let counts = try await run.run(2000)
                done += counts.reduce(0) { $0 + ($1.key.hasPrefix("\(kind) ") ? $1.value : 0) }
            }
            return done
        }
        if Self.isLong { print("\(kind): \(done) operations") }
    }

    /// The answers that each half got.
    private static let seen = Mutex<[Set<String>]>([])

    /// A run of a seed has half of the commands; the other half's seed is derived from it.
    @Test("every function answers and writes as in the model, whatever was done before", arguments: [0, 1])
    func everyScript(part: Int) async throws {
        var seed = SeededGenerator.fromEnvironment().seed
        if part == 1 { seed = ~seed }
        let (chosen, count) = (seed, Self.commands / 2)
        let counts = try await ScriptRedis.with { redis in
            try await DifferentialRun(redis: redis, seed: chosen, kinds: CommandGenerator.Kind.allCases).run(count)
        }
        if Self.isLong { print("seed \(chosen): \(Self.kinds(counts))") }
        let seen = Set(counts.keys)
        guard count >= 50_000 else { return }
        // Rare answers may be missing in one half.
        let all = Self.seen.withLock { runs in
            runs.append(seen)
            return runs.count == 2 ? runs[0].union(runs[1]) : nil
        }
        guard let all else { return }
        let words = Self.answers.flatMap { name, words in words.split(separator: " ").map { "\(name) \($0)" } }
        let moves = BookingStatus.allCases.flatMap { old in
            BookingTrigger.allCases.compactMap(old.after).map { "moved \(old.rawValue)>\($0.rawValue)" }
        }
        let missing = Set(words + moves).subtracting(all).sorted()
        #expect(missing.isEmpty, "seed \(chosen) never saw \(missing)")
    }
}
