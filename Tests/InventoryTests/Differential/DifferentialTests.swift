import Booking
import Foundation
import Support
import Synchronization
import Testing

@Suite("Scripts and their model")
struct DifferentialTests {
    /// How many commands a run has.
    private static var commands: Int {
        ProcessInfo.processInfo.environment["USHER_TEST_COMMANDS"].flatMap { Int($0) } ?? 100_000
    }

    /// What scripts answer often enough that a run of 50,000 commands sees all of it, whatever the seed.
    private static let answers = [
        "availability": "OK NO_EVENT",
        "beginPayment": "OK ALREADY HOLD_EXPIRED EVENT_CANCELLED INVALID NOT_FOUND REPLAY REUSED STALE RECOVERING",
        "block": "OK REPLAY REUSED SOLD_OUT SEATS_TAKEN UNKNOWN_TIER UNKNOWN_SEAT SEATED RECOVERING",
        "cancelItems": "OK LINE CANCELLATION_CLOSED HOLD_EXPIRED INVALID NOT_FOUND REPLAY RECOVERING",
        "cancel": "OK ALREADY CANCELLATION_CLOSED HOLD_EXPIRED NOT_FOUND REPLAY RECOVERING",
        "close": "OK STALE",
        "confirm": "OK RECLAIMED ALREADY REFUND_DUE SECOND MISMATCH NOT_FOUND REPLAY STALE RECOVERING",
        "expire": "OK RECOVERING",
        "extend": "OK LIMIT HOLD_EXPIRED EVENT_CANCELLED INVALID NOT_FOUND REPLAY STALE RECOVERING",
        "failPayment": "OK INVALID NOT_FOUND REPLAY STALE RECOVERING",
        "loadBooking": "OK TOO_OLD",
        "loadEvent": "OK EXISTS",
        "loadFields": "OK",
        "open": "OK",
        "refunded": "OK ALREADY INVALID NOT_FOUND RECOVERING",
        "remember": "OK REUSED KEY_LIMIT NOT_FOUND",
        "reserve": """
        OK STALE RECOVERING NO_EVENT HELD REPLAY EXISTS LOST REUSED UNKNOWN_TIER UNKNOWN_SEAT SEATED CANCELLED \
        NOT_OPEN CLOSED SOLD_OUT NOT_ENOUGH TICKET_LIMIT BOOKING_LIMIT KEY_LIMIT SEATS_TAKEN HELD_BY_OTHERS NO_ADJACENT
        """,
        "seatMap": "OK SAME NO_EVENT",
        "unblock": "OK NO_BLOCK RECOVERING",
        "updateEvent": "OK COMMITTED UNKNOWN_TIER RECOVERING",
    ]

    /// What each half has seen.
    private static let seen = Mutex<[Set<String>]>([])

    /// One run of a seed has half the commands; the other half's seed follows from it.
    @Test("every script answers and writes what its model says, whatever was done before", arguments: [0, 1])
    func everyScript(part: Int) async throws {
        var seed = SeededGenerator.fromEnvironment().seed
        if part == 1 { seed = ~seed }
        let (chosen, count) = (seed, Self.commands / 2)
        let seen = try await ScriptRedis.with { redis in
            try await DifferentialRun(redis: redis, seed: chosen, kinds: CommandGenerator.Kind.allCases).run(count)
        }
        guard count >= 50_000 else { return }
        // What is rare may be missing in one half.
        let all = Self.seen.withLock { runs in
            runs.append(seen)
            return runs.count == 2 ? runs[0].union(runs[1]) : nil
        }
        guard let all else { return }
        for (script, words) in Self.answers {
            for word in words.split(separator: " ") { #expect(all.contains("\(script) \(word)"), "seed \(chosen)") }
        }
        for old in BookingStatus.allCases {
            for new in BookingEvent.allCases.compactMap(old.after) {
                #expect(all.contains("moved \(old.rawValue)>\(new.rawValue)"), "seed \(chosen)")
            }
        }
    }
}
