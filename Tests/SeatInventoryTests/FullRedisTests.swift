import BoxOffice
import Loops
import RedisClient
import SeatInventory
import Support
import Testing

/// Redis refuses `apply`, and `apply_full` performs the operations that take no units. That is two calls, and the
/// answer of either may be lost.
@Suite("Redis is full")
struct FullRedisTests {
    private static let payment = PaymentID(UUIDBytes(high: 9, low: 9))

    private static func fill(_ event: OpenEvent) async throws {
        _ = try await event.connection.send(RedisCommand("CONFIG", "SET", "maxmemory", "1"))
    }

    /// Holds two units for each number.
    private static func hold(_ event: OpenEvent, _ numbers: ClosedRange<UInt64>) async throws {
        for number in numbers {
            let outcome = try await event.inventory.claim(OpenEvent.request(number, user: "u\(number)", quantity: 2))
            guard case .held = outcome else {
                Issue.record("not held: \(outcome)")
                return
            }
        }
    }

    private static func confirm(_ inventory: Inventory, _ number: UInt64) async throws -> TransitionOutcome {
        try await inventory.confirm(
            OpenEvent.transition(number), payment: payment, provider: "p", transactionID: "t-\(number)", amount: 200,
            currency: "USD")
    }

    private static func begin(_ inventory: Inventory, _ number: UInt64) async throws -> TransitionOutcome {
        try await inventory.beginPayment(OpenEvent.transition(number), payment: payment, provider: "p")
    }

    private static func code(_ body: () async throws -> Void) async -> InventoryError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? InventoryError)?.code
        }
    }

    @Test("claims and blocks are refused without effect; other operations succeed")
    func allElse() async throws {
        try await OpenEvent.with(capacity: 20) { _, event in
            try await Self.hold(event, 1...6)
            let block = BlockID(UUIDBytes(high: 3, low: 3))
            _ = try await event.inventory.block(
                block, event: OpenEvent.event, tier: OpenEvent.tier, quantity: 3, seats: [])
            _ = try await Self.begin(event.inventory, 2)
            _ = try await Self.begin(event.inventory, 3)
            try await Self.fill(event)
            let before = try await event.entries()
            let claim = await Self.code { _ = try await event.inventory.claim(OpenEvent.request(20, key: 1)) }
            #expect(claim == .overloaded)
            let blocked = await Self.code {
                _ = try await event.inventory.block(
                    BlockID(UUIDBytes(high: 3, low: 4)), event: OpenEvent.event, tier: OpenEvent.tier, quantity: 1,
                    seats: [])
            }
            #expect(blocked == .overloaded)
            #expect(try await event.entries() == before)
            let inventory = event.inventory
            #expect(try await Self.begin(inventory, 1).image?.status == .pendingPayment)
            #expect(try await Self.confirm(inventory, 2).image?.status == .confirmed)
            let failed = try await inventory.failPayment(
                OpenEvent.transition(3), payment: Self.payment, isFinal: true, reason: "r")
            #expect(failed.image?.status == .failed)
            #expect(try await inventory.cancel(OpenEvent.transition(4), reason: "r").image?.status == .cancelled)
            let part = try await inventory.cancelItems(
                OpenEvent.transition(5), tier: OpenEvent.tier, quantity: 1, seats: [])
            #expect(part.image?.totalAmount == 100)
            guard case .done = try await inventory.extend(OpenEvent.transition(6)) else {
                Issue.record("not extended")
                return
            }
            #expect(try await inventory.unblock(block, event: OpenEvent.event))
            #expect(try await event.entries() == before + 7)
            let left = try await event.counters()
            #expect([left.available, left.held, left.sold, left.blocked] == [13, 5, 2, 0])
        }
    }

    @Test("in a mixed group, each operation gets its own answer")
    func group() async throws {
        try await OpenEvent.with(capacity: 20) { loop, event in
            try await Self.hold(event, 1...1)
            try await Self.fill(event)
            let before = try await event.entries()
            var (claimed, cancelled): (InventoryError.Code?, BookingStatus?) = (nil, nil)
            var answers = 0
            loop.spawn {
                claimed = await Self.code { _ = try await event.inventory.claim(OpenEvent.request(20)) }
                answers += 1
            }
            loop.spawn {
                let outcome = try? await event.inventory.cancel(OpenEvent.transition(1), reason: "r")
                cancelled = outcome?.image?.status
                answers += 1
            }
            try await SeatInventoryTests.eventually("both are answered") { answers == 2 }
            #expect(claimed == .overloaded && cancelled == .cancelled)
            #expect(try await event.entries() == before + 1)
            let left = try await event.counters()
            #expect([left.available, left.held] == [20, 0])
        }
    }

    @Test("holds expire")
    func expiry() async throws {
        try await OpenEvent.with(capacity: 20, hold: 1) { loop, event in
            try await Self.hold(event, 1...2)
            try await Self.fill(event)
            try await SeatInventoryTests.eventually("both have expired") {
                _ = try await event.inventory.expire(OpenEvent.event)
                return try await event.counters().held == 0
            }
        }
    }

    /// Retries like a client, until the outcome is known.
    private static func untilKnown<Outcome>(_ body: () async throws -> Outcome) async throws -> Outcome {
        var last: Outcome?
        try await SeatInventoryTests.eventually("the outcome is known") {
            do {
                last = try await body()
                return true
            } catch let error as InventoryError where error.code == .outcomeUnknown || error.code == .unavailable {
                return false
            }
        }
        return try #require(last)
    }

    @Test("a retry after a lost answer has no second effect")
    func again() async throws {
        try await OpenEvent.with(capacity: 20) { loop, event in
            let relay = try LossyRelay(target: event.port)
            defer { relay.stop() }
            try await Self.hold(event, 1...4)
            _ = try await Self.begin(event.inventory, 2)
            _ = try await Self.begin(event.inventory, 3)
            try await Self.fill(event)
            try await event.withAnotherCopy(loop, through: relay.port) { inventory in
                func once(_ body: () async throws -> TransitionOutcome) async throws -> TransitionOutcome {
                    let (before, lost) = (try await event.entries(), relay.lost)
                    relay.loseNextAnswer(to: "apply_full")
                    let outcome = try await Self.untilKnown(body)
                    #expect(relay.lost == lost + 1)
                    #expect(try await event.entries() == before + 1)
                    return outcome
                }
                let begun = try await once { try await Self.begin(inventory, 1) }
                guard case .done = begun else {
                    Issue.record("the attempt is unknown: \(begun)")
                    return
                }
                let confirmed = try await once { try await Self.confirm(inventory, 2) }
                guard case .already = confirmed else {
                    Issue.record("the charge is unknown: \(confirmed)")
                    return
                }
                let failed = try await once {
                    try await inventory.failPayment(
                        OpenEvent.transition(3), payment: Self.payment, isFinal: true, reason: "r")
                }
                #expect(failed.image?.status == .failed)
                let cancelled = try await once { try await inventory.cancel(OpenEvent.transition(4), reason: "r") }
                guard case .already = cancelled else {
                    Issue.record("the cancellation is unknown: \(cancelled)")
                    return
                }
            }
            let left = try await event.counters()
            #expect([left.available, left.held, left.sold, left.blocked] == [16, 2, 2, 0])
            #expect(try await event.inventory.booking(OpenEvent.booking(1))?.image.attempts == 1)
        }
    }

    @Test("with a key, an operation takes effect once, however often its answer is lost")
    func keys() async throws {
        try await OpenEvent.with(capacity: 20) { loop, event in
            let relay = try LossyRelay(target: event.port)
            defer { relay.stop() }
            try await Self.hold(event, 1...3)
            try await Self.fill(event)
            try await event.withAnotherCopy(loop, through: relay.port) { inventory in
                func once(_ number: UInt64, _ body: () async throws -> TransitionOutcome) async throws {
                    let (before, lost) = (try await event.entries(), relay.lost)
                    relay.loseNextAnswer(to: "apply_full")
                    let code = await Self.code { _ = try await body() }
                    #expect(code == .outcomeUnknown)
                    guard case .replay(.running(let booking, _)) = try await Self.untilKnown(body) else {
                        Issue.record("not replayed")
                        return
                    }
                    #expect(booking == OpenEvent.booking(number))
                    #expect(relay.lost == lost + 1)
                    #expect(try await event.entries() == before + 1)
                }
                try await once(1) { try await inventory.extend(OpenEvent.transition(1, key: 1)) }
                try await once(2) {
                    try await inventory.cancelItems(
                        OpenEvent.transition(2, key: 2), tier: OpenEvent.tier, quantity: 1, seats: [])
                }
                try await once(3) { try await inventory.cancel(OpenEvent.transition(3, key: 3), reason: "r") }
            }
            let left = try await event.counters()
            #expect([left.available, left.held, left.sold, left.blocked] == [17, 3, 0, 0])
            #expect(try await event.inventory.booking(OpenEvent.booking(1))?.image.extensions == 1)
        }
    }
}
