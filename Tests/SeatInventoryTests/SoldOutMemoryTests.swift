import BoxOffice
import Support
import Testing

@testable import SeatInventory

@Suite("Sold-out memory")
struct SoldOutMemoryTests {
    private static let event = EventID(UUIDBytes(high: 1, low: 1))
    private static let tier = TierID(UUIDBytes(high: 7, low: 7))
    private static let millisecond: Int64 = 1_000_000

    private static func request(_ items: ClaimItem...) -> ClaimRequest {
        ClaimRequest(
            booking: BookingID(partition: Partition(0), milliseconds: 1, random: 1), event: event, user: "ann",
            items: items, idempotency: nil, answersLater: false, traceparent: "")
    }

    private static func shortage(_ outcome: ClaimOutcome?) -> Shortage? {
        if case .notEnoughLeft(let shortage) = outcome { shortage } else { nil }
    }

    private static func isUnknown(_ outcome: ClaimOutcome?) -> Bool {
        if case nil = outcome { true } else { false }
    }

    private static func isSoldOut(_ outcome: ClaimOutcome?) -> Bool {
        if case .soldOut = outcome { true } else { false }
    }

    @Test("only a claim of more than is left in the tier is refused, for 50 ms after the question")
    func refusal() {
        var memory = SoldOutCache()
        let told = Shortage(wanted: 500, available: 1, left: 2)
        memory.note(Self.request(.units(Self.tier, 500)), .notEnoughLeft(told), asked: 0)
        let later = 49 * Self.millisecond
        let three = memory.refusal(Self.request(.units(Self.tier, 3)), now: later)
        #expect(Self.shortage(three) == Shortage(wanted: 3, available: 1, left: 2))
        let many = memory.refusal(Self.request(.units(Self.tier, 500)), now: later)
        #expect(Self.shortage(many) == told)
        // Up to two units may be available or held: only Redis can tell.
        for quantity in 1...2 {
            #expect(Self.isUnknown(memory.refusal(Self.request(.units(Self.tier, quantity)), now: later)))
        }
        #expect(Self.isUnknown(memory.refusal(Self.request(.units(Self.tier, 3)), now: 50 * Self.millisecond)))
        let other = TierID(UUIDBytes(high: 8, low: 8))
        #expect(Self.isUnknown(memory.refusal(Self.request(.units(other, 3)), now: later)))
        #expect(Self.isUnknown(memory.refusal(Self.request(.units(Self.tier, 3), .units(other, 1)), now: later)))
        #expect(Self.isUnknown(memory.refusal(Self.request(.best(Self.tier, 3)), now: later)))
    }

    @Test("the newest answer counts, until a hold or an invalidation")
    func changes() {
        var memory = SoldOutCache()
        let one = Self.request(.units(Self.tier, 1))
        memory.note(one, .soldOut, asked: 20)
        #expect(Self.isSoldOut(memory.refusal(one, now: 30)))
        // A late answer to an older question is ignored.
        let old = Shortage(wanted: 5, available: 3, left: 3)
        memory.note(Self.request(.units(Self.tier, 5)), .notEnoughLeft(old), asked: 10)
        #expect(Self.isSoldOut(memory.refusal(one, now: 30)))
        memory.note(Self.request(.units(Self.tier, 5)), .notEnoughLeft(old), asked: 40)
        #expect(Self.isUnknown(memory.refusal(one, now: 50)))
        memory.note(one, .soldOut, asked: 60)
        memory.note(one, .heldByOthers(retryAt: 0), asked: 70)
        #expect(Self.isSoldOut(memory.refusal(one, now: 80)))
        memory.forgetAll()
        #expect(Self.isUnknown(memory.refusal(one, now: 90)))
        // An answer for several tiers says nothing about one tier.
        memory.note(Self.request(.units(Self.tier, 1), .units(Self.tier, 1)), .soldOut, asked: 100)
        #expect(Self.isUnknown(memory.refusal(Self.request(.units(Self.tier, 2)), now: 110)))
    }
}
