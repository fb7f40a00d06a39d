import BoxOffice
import Foundation
import Loops
import SeatInventory
import Support
import Testing

/// Keys are stored in one hash per day, by Redis's clock.
@Suite("A key across midnight of Redis's clock")
struct KeyDayTests {
    private static let day: Int64 = 86_400_000
    private static let minute: Int64 = 60_000

    /// Redis's clock; tests set it to a minute of a numbered day.
    private final class Days {
        private let clock: FalseClock
        private let start: Int64
        private let inventory: Inventory

        init(_ clock: FalseClock, _ inventory: Inventory) {
            (self.clock, self.inventory) = (clock, inventory)
            start = (Self.now / day + 1) * day
        }

        private static var now: Int64 { Int64(Date().timeIntervalSince1970 * 1000) }

        /// Sets the clock (a negative minute is before midnight), and waits until Redis has the new time.
        func set(_ number: Int64, minute: Int64) async throws {
            let time = start + number * day + minute * KeyDayTests.minute
            try clock.set(seconds: Int((time - Self.now) / 1000))
            // Less than five minutes pass between two settings.
            try await SeatInventoryTests.eventually("Redis has the new time") {
                try await abs(inventory.now() - time) < 5 * KeyDayTests.minute
            }
        }
    }

    private static func with(
        capacity: Int, _ body: @Sendable (isolated EventLoop, OpenEvent, Days) async throws -> Void
    ) async throws {
        let clock = try FalseClock()
        try await OpenEvent.with(capacity: capacity, environment: clock.environment) { loop, event in
            try await body(loop, event, Days(clock, event.inventory))
        }
    }

    /// The earlier booking that a claim with a used key returns; `nil` if the claim is refused or makes a new booking.
    private static func known(_ inventory: Inventory, _ key: UInt64) async throws -> BookingID? {
        switch try await inventory.claim(OpenEvent.request(1000 + key, key: key)) {
        case .replay(.claim(let booking, _, _)), .gone(let booking): booking
        default: nil
        }
    }

    private static func hold(_ event: OpenEvent, _ number: UInt64, key: UInt64) async throws {
        let outcome = try await event.inventory.claim(OpenEvent.request(number, key: key))
        guard case .held = outcome else {
            Issue.record("not held: \(outcome)")
            return
        }
    }

    @Test("is found for 24 hours, with or without other keys on the next day, but not forever")
    func found() async throws {
        try await Self.with(capacity: 9) { _, event, days in
            try await days.set(0, minute: -10)
            try await Self.hold(event, 1, key: 1)
            try await event.confirm(1)
            try await days.set(0, minute: 10)
            #expect(try await Self.known(event.inventory, 1) == OpenEvent.booking(1))
            // The first key of another day: from now on there are two hashes.
            try await Self.hold(event, 2, key: 2)
            try await event.confirm(2)
            for number: UInt64 in [1, 2] {
                #expect(try await Self.known(event.inventory, number) == OpenEvent.booking(number))
            }
            try await days.set(1, minute: -20)
            for number: UInt64 in [1, 2] {
                #expect(try await Self.known(event.inventory, number) == OpenEvent.booking(number))
            }
            try await days.set(1, minute: 10)
            #expect(try await Self.known(event.inventory, 2) == OpenEvent.booking(2))
            try await days.set(3, minute: 10)
            // The key is forgotten, so the claim makes a new booking.
            #expect(try await Self.known(event.inventory, 1) == nil)
            let made = try await event.inventory.booking(OpenEvent.booking(1001))
            #expect(made?.image.status == .reserved)
        }
    }

    @Test("is found when the clock goes back over midnight, as a promoted replica's may")
    func back() async throws {
        try await Self.with(capacity: 9) { _, event, days in
            try await days.set(0, minute: -10)
            try await Self.hold(event, 1, key: 1)
            try await days.set(0, minute: 10)
            try await Self.hold(event, 2, key: 2)
            try await days.set(0, minute: -10)
            for number: UInt64 in [1, 2] {
                #expect(try await Self.known(event.inventory, number) == OpenEvent.booking(number))
            }
            try await Self.hold(event, 3, key: 3)
            try await days.set(0, minute: 10)
            for number: UInt64 in 1...3 {
                #expect(try await Self.known(event.inventory, number) == OpenEvent.booking(number))
            }
        }
    }

    @Test("is never treated as new for a sold-out event, on whatever day and copy it was used")
    func soldOut() async throws {
        try await Self.with(capacity: 2) { loop, event, days in
            try await event.withAnotherCopy(loop) { other in
                try await days.set(0, minute: -10)
                try await Self.hold(event, 1, key: 1)
                try await event.confirm(1)
                // The copy learns the epoch by a call.
                let refused = try await other.claim(OpenEvent.request(51, user: "bob", quantity: 3))
                guard case .notEnoughLeft = refused else {
                    Issue.record("enough left: \(refused)")
                    return
                }
                // The copy does not know yet which days have keys; after a call it knows of the first day only.
                for _ in 1...2 { #expect(await !Self.isNew(1, other)) }
                #expect(await Self.isNew(9, other))
                try await days.set(0, minute: 10)
                #expect(await !Self.isNew(1, other))
                #expect(await Self.isNew(9, other))
                try await Self.hold(event, 2, key: 2)
                try await event.confirm(2)
                // The other copy does not know of this day yet.
                #expect(await !Self.isNew(2, other))
                for key: UInt64 in [1, 2] {
                    #expect(await !Self.isNew(key, other))
                    #expect(await !Self.isNew(key, event.inventory))
                }
                try await days.set(1, minute: -20)
                for inventory in [other, event.inventory] {
                    for key: UInt64 in [1, 2] {
                        let refused = try await inventory.claim(OpenEvent.request(50, user: "bob"))
                        guard case .soldOut = refused else {
                            Issue.record("not sold out: \(refused)")
                            return
                        }
                        #expect(await !Self.isNew(key, inventory))
                        #expect(try await Self.known(inventory, key) == OpenEvent.booking(key))
                    }
                    #expect(await Self.isNew(9, inventory))
                }
            }
        }
    }

    private static func isNew(_ key: UInt64, _ inventory: Inventory) async -> Bool {
        await withUnsafeContinuation { continuation in
            inventory.isNew(OpenEvent.key(key).digest, of: OpenEvent.event) { continuation.resume(returning: $0) }
        }
    }
}
