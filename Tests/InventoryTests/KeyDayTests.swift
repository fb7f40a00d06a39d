import Booking
import EventLoop
import Foundation
import Inventory
import Support
import Testing

/// Keys are kept in a hash a day, by Redis's clock.
@Suite("A key across midnight of Redis's clock")
struct KeyDayTests {
    private static let day: Int64 = 86_400_000
    private static let minute: Int64 = 60_000

    /// Redis's clock, which a test sets to a minute of the first, second, … day.
    private final class Days {
        private let clock: FalseClock
        private let start: Int64
        private let inventory: Inventory

        init(_ clock: FalseClock, _ inventory: Inventory) {
            (self.clock, self.inventory) = (clock, inventory)
            start = (Self.now / day + 1) * day
        }

        private static var now: Int64 { Int64(Date().timeIntervalSince1970 * 1000) }

        /// Sets it to the time, a negative minute being before midnight, and waits until Redis knows.
        func set(_ number: Int64, minute: Int64) async throws {
            let time = start + number * day + minute * KeyDayTests.minute
            try clock.set(seconds: Int((time - Self.now) / 1000))
            // Tests take less than five minutes from one setting to the next.
            try await InventoryTests.eventually("Redis knows the time") {
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

    /// The booking that a claim under a key is told that was made before; `nil` when it is refused or makes one now.
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

    @Test("is found for 24 hours, whether others are used on the next day or not, and not for ever")
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
            // It makes a booking of its own.
            #expect(try await Self.known(event.inventory, 1) == nil)
            let made = try await event.inventory.booking(OpenEvent.booking(1001))
            #expect(made?.image.status == .reserved)
        }
    }

    @Test("is found when the clock goes back over midnight, as that of a promoted replica may")
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

    @Test("is never taken for new where all is sold out, on whatever day and copy it was used")
    func soldOut() async throws {
        try await Self.with(capacity: 2) { loop, event, days in
            try await event.withAnotherCopy(loop) { other in
                try await days.set(0, minute: -10)
                try await Self.hold(event, 1, key: 1)
                try await event.confirm(1)
                // Which epoch it is is learnt by a call.
                let refused = try await other.claim(OpenEvent.request(51, user: "bob", quantity: 3))
                guard case .notEnoughLeft = refused else {
                    Issue.record("enough left: \(refused)")
                    return
                }
                // Of which days there are keys is not known at first; then nothing but this first day's.
                for _ in 1...2 { #expect(await !Self.isNew(1, other)) }
                #expect(await Self.isNew(9, other))
                try await days.set(0, minute: 10)
                #expect(await !Self.isNew(1, other))
                #expect(await Self.isNew(9, other))
                try await Self.hold(event, 2, key: 2)
                try await event.confirm(2)
                // The other copy has not heard of this day.
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
