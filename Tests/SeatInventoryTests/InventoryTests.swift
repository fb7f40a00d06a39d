import BoxOffice
import Loops
import RedisClient
import SeatInventory
import Support
import Testing

@Suite("Inventory on a real Redis")
struct SeatInventoryTests {
    private static let keys = OpenEvent.keys
    private static let tier = OpenEvent.tier

    /// Runs `body` with an open partition with one event on sale.
    private func withEvent(
        capacity: Int, hold: Int64 = 600_000, maxBookings: Int? = nil,
        _ body: @Sendable (Inventory, EventID) async throws -> Void
    ) async throws {
        try await OpenEvent.with(capacity: capacity, hold: hold, maxBookings: maxBookings) { _, event in
            try await body(event.inventory, OpenEvent.event)
        }
    }

    /// Polls every 2 ms until `condition` holds; records an issue after 30 s.
    static func eventually(
        _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation,
        _ condition: nonisolated(nonsending) () async throws -> Bool
    ) async throws {
        let end = ContinuousClock.now + .seconds(30)
        while try await !condition() {
            guard ContinuousClock.now < end else {
                Issue.record(what, sourceLocation: sourceLocation)
                return
            }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    private static func request(
        _ event: EventID, _ number: UInt64, user: UserID, quantity: Int = 1, key: UInt64? = nil
    ) -> ClaimRequest {
        ClaimRequest(
            booking: BookingID(
                partition: keys.partition(of: event), milliseconds: Int64(number), random: number),
            event: event, user: user, items: [.units(tier, quantity)], idempotency: key.map { request($0, "f") },
            answersLater: false, traceparent: "")
    }

    private static func request(_ key: UInt64, _ fingerprint: Unicode.Scalar) -> IdempotentRequest {
        IdempotentRequest(
            digest: Digest128(high: key, low: 1), fingerprint: Digest128(high: UInt64(fingerprint.value), low: 2),
            patienceMilliseconds: 1000)
    }

    private static func transition(_ number: UInt64, _ event: EventID) -> TransitionRequest {
        TransitionRequest(
            booking: BookingID(partition: keys.partition(of: event), milliseconds: Int64(number), random: number),
            user: nil, awaitsAck: false, idempotency: nil, traceparent: "")
    }

    @Test("a claim holds units, a sold-out one is refused, and units are conserved")
    func claims() async throws {
        try await withEvent(capacity: 2) { inventory, event in
            for number in 0..<2 {
                guard case .held = try await inventory.claim(Self.request(event, UInt64(number), user: "u\(number)"))
                else {
                    Issue.record("not held")
                    return
                }
            }
            guard case .heldByOthers = try await inventory.claim(Self.request(event, 9, user: "z")) else {
                Issue.record("not refused")
                return
            }
            // Held units may be released, but there is no third unit.
            let three = try await inventory.claim(Self.request(event, 10, user: "z", quantity: 3))
            guard case .notEnoughLeft(Shortage(wanted: 3, available: 0, left: 2)) = three else {
                Issue.record("\(three)")
                return
            }
            let left = try await inventory.availability(event)
            let tiers = try #require(left).tiers
            #expect(tiers.allSatisfy { $0.isConserved && $0.held == 2 && $0.available == 0 })
        }
    }

    @Test("one key makes one booking; another request with the key is refused")
    func idempotency() async throws {
        try await withEvent(capacity: 5) { inventory, event in
            guard case .held(let first, _) = try await inventory.claim(Self.request(event, 1, user: "a", key: 77)),
                case .replay(.claim(_, _, let again)) = try await inventory.claim(
                    Self.request(event, 2, user: "a", key: 77))
            else {
                Issue.record("no replay")
                return
            }
            #expect(first == again)
            var other = Self.request(event, 3, user: "a", key: 77)
            other.idempotency = Self.request(77, "g")
            guard case .keyReused = try await inventory.claim(other) else {
                Issue.record("not refused")
                return
            }
            let same = Self.request(event, 4, user: "a")
            guard case .held = try await inventory.claim(same), case .existing = try await inventory.claim(same) else {
                Issue.record("the booking was made twice")
                return
            }
        }
    }

    @Test("the next claim takes an expired hold's units without a sweeper")
    func lazyExpiry() async throws {
        try await withEvent(capacity: 1, hold: 1, maxBookings: 1) { inventory, event in
            for number in 0..<50 {
                var outcome = try await inventory.claim(Self.request(event, UInt64(number), user: "a"))
                // The earlier hold expires after a millisecond of Redis's clock.
                while case .bookingLimit = outcome {
                    outcome = try await inventory.claim(Self.request(event, UInt64(number), user: "a"))
                }
                guard case .held = outcome else {
                    Issue.record("hold \(number) was not returned")
                    return
                }
            }
        }
    }

    @Test("pay, decline, pay again, cancel: every state counts its units once")
    func transitions() async throws {
        try await withEvent(capacity: 5) { inventory, event in
            _ = try await inventory.claim(Self.request(event, 1, user: "a", quantity: 3))
            let payment = PaymentID(UUIDBytes(high: 2, low: 2))
            let request = Self.transition(1, event)
            _ = try await inventory.beginPayment(request, payment: payment, provider: "p")
            let second = PaymentID(UUIDBytes(high: 2, low: 3))
            guard case .done = try await inventory.beginPayment(request, payment: payment, provider: "p"),
                case .invalidState = try await inventory.beginPayment(request, payment: second, provider: "p"),
                case .done(let declined, _) = try await inventory.failPayment(
                    request, payment: payment, isFinal: false, reason: "payment-declined")
            else {
                Issue.record("wrong answer")
                return
            }
            #expect(declined.status == .reserved)
            _ = try await inventory.beginPayment(request, payment: payment, provider: "p")
            _ = try await inventory.confirm(
                request, payment: payment, provider: "p", transactionID: "t", amount: 300, currency: "USD")
            guard
                case .already = try await inventory.confirm(
                    request, payment: payment, provider: "p", transactionID: "t", amount: 300, currency: "USD")
            else {
                Issue.record("confirmed twice")
                return
            }
            var left = try await inventory.availability(event)
            var counters = try #require(left?.tiers.first)
            #expect(counters.sold == 3 && counters.held == 0 && counters.available == 2)
            guard case .done(let cancelled, _) = try await inventory.cancel(request, reason: "r") else {
                Issue.record("not cancelled")
                return
            }
            #expect(cancelled.payment?.status == .refundDue)
            left = try await inventory.availability(event)
            counters = try #require(left?.tiers.first)
            #expect(counters.sold == 0 && counters.available == 5)
        }
    }

    @Test("a closed partition refuses everything until it is opened under a higher epoch")
    func closed() async throws {
        try await withEvent(capacity: 1) { inventory, event in
            let partition = Self.keys.partition(of: event)
            let first = try await inventory.close(partition, epoch: 2)
            let second = try await inventory.close(partition, epoch: 2)
            #expect(first != nil && second == nil)
            await #expect(throws: InventoryError.self) {
                _ = try await inventory.claim(Self.request(event, 1, user: "a"))
            }
            let stale = try await inventory.open(partition, epoch: 1, cursor: .zero)
            let done = try await inventory.open(partition, epoch: 2, cursor: .zero)
            #expect(stale == .stale && done == .done)
        }
    }
}
