import Booking
import Support
import Testing

@testable import Inventory

@Suite("What is remembered of sold-out tiers")
struct SoldOutMemoryTests {
    private static let event = EventID(UUIDBytes(high: 1, low: 1))
    private static let tier = TierID(UUIDBytes(high: 7, low: 7))
    private static let millisecond: Int64 = 1_000_000

    private static func request(_ items: ClaimItem...) -> ClaimRequest {
        ClaimRequest(
            booking: BookingID(partition: Partition(0), milliseconds: 1, random: 1), event: event, user: "ann",
            items: items, idempotency: nil, answersLater: false, traceparent: "")
    }

    @Test("as much or more of the same tier is refused for 50 ms from when it was asked, and nothing else")
    func refusal() {
        var memory = SoldOutMemory()
        memory.note(Self.request(.units(Self.tier, 3)), .soldOut, asked: 0)
        let later = 49 * Self.millisecond
        #expect(memory.isSoldOut(Self.request(.units(Self.tier, 3)), now: later))
        #expect(memory.isSoldOut(Self.request(.units(Self.tier, 4)), now: later))
        #expect(!memory.isSoldOut(Self.request(.units(Self.tier, 2)), now: later))
        #expect(!memory.isSoldOut(Self.request(.units(Self.tier, 3)), now: 50 * Self.millisecond))
        let other = TierID(UUIDBytes(high: 8, low: 8))
        #expect(!memory.isSoldOut(Self.request(.units(other, 3)), now: later))
        #expect(!memory.isSoldOut(Self.request(.units(Self.tier, 3), .units(other, 1)), now: later))
        #expect(!memory.isSoldOut(Self.request(.best(Self.tier, 3)), now: later))
    }

    @Test("the smallest refused quantity counts, and a hold or a forgetting ends it")
    func changes() {
        var memory = SoldOutMemory()
        let one = Self.request(.units(Self.tier, 1))
        memory.note(Self.request(.units(Self.tier, 5)), .soldOut, asked: 0)
        memory.note(one, .soldOut, asked: 10)
        memory.note(Self.request(.units(Self.tier, 5)), .soldOut, asked: 20)
        #expect(memory.isSoldOut(one, now: 30))
        memory.note(one, .heldByOthers(retryAt: 0), asked: 40)
        #expect(memory.isSoldOut(one, now: 50))
        memory.forgetAll()
        #expect(!memory.isSoldOut(one, now: 60))
        // What came from several tiers says nothing of one.
        memory.note(Self.request(.units(Self.tier, 1), .units(Self.tier, 1)), .soldOut, asked: 70)
        #expect(!memory.isSoldOut(Self.request(.units(Self.tier, 2)), now: 80))
    }
}
