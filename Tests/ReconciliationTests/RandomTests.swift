import BoxOffice
import Loops
import Records
import SeatInventory
import Support
import Testing

@testable import Reconciliation

@Suite("Random histories of both stores")
struct RandomTests {
    private static let steps = 10_000
    private static let capacity = 150

    @Test("both stores agree after claims, extensions, payments, cancellations, expiries and changes of lease owner")
    func histories() async throws {
        try await withStage("random") { loop, stage in
            var random = SeededGenerator.fromEnvironment()
            let copies = [try await openedCopy(stage, "a"), try stage.copy("b")]
            _ = try await copies[1].inventory.now()
            var events: [EventID] = []
            for number in 1...6 {
                // The holds of half of the events expire all the time.
                let hold: Int64 = number.isMultiple(of: 2) ? 1 : 600
                events.append(try await stage.event(UInt64(number), capacity: Self.capacity, hold: hold))
            }
            var claimed: [BookingID] = []
            for step in 0..<Self.steps {
                try await act(stage, events, &claimed, &random)
                if Int.random(in: 0..<20, using: &random) == 0 {
                    _ = await copies[Int.random(in: 0...1, using: &random)].persistAll()
                }
                if Int.random(in: 0..<100, using: &random) == 0 {
                    _ = await copies[0].sweeper.sweep()
                    try await changeOwners(stage, copies, &random)
                }
                if step == Self.steps / 2 {
                    stage.redis.kill()
                    try stage.redis.start()
                    await stage.settle(copies[0])
                }
            }
            try await stage.lapse("b")
            await stage.settle(copies[0])
            try await stage.expectOutboxIsWritten()
            try await stage.expectAgreement(events)
            try await expectHoldsAreHeld(stage)
            let rows = try await stage.number("SELECT count(*) FROM bookings")
            let expired = try await stage.number("SELECT count(*) FROM bookings WHERE status = 'EXPIRED'")
            let entries = copies.map(\.report.counts.entries)
            print("\(rows) bookings, \(expired) expired; entries persisted by each replica: \(entries)")
            #expect(copies.allSatisfy { $0.report.counts.deadLetters == 0 && $0.report.counts.entries > 0 })
            #expect(expired > 0)
        }
    }

    /// One action of a customer; refusals are valid answers.
    private func act(
        _ stage: Stage, _ events: [EventID], _ claimed: inout [BookingID], _ random: inout SeededGenerator
    ) async throws {
        let recent = claimed.suffix(60).randomElement(using: &random)
        switch (Int.random(in: 0..<10, using: &random), recent) {
        case (0...4, _), (_, nil):
            let request = stage.request(
                events[Int.random(in: 0..<events.count, using: &random)],
                user: "user \(Int.random(in: 0..<9, using: &random))", quantity: Int.random(in: 1...4, using: &random))
            if case .held = try await stage.inventory.claim(request) { claimed.append(request.booking) }
        case (5, let booking?):
            _ = try await stage.inventory.extend(stage.transition(booking))
        case (6, let booking?):
            try await stage.confirm(booking)
        case (7, let booking?):
            let payment = PaymentID(booking.uuid)
            _ = try await stage.inventory.beginPayment(stage.transition(booking), payment: payment, provider: "p")
            _ = try await stage.inventory.failPayment(
                stage.transition(booking), payment: payment, isFinal: Bool.random(using: &random), reason: "declined")
        case (_, let booking?):
            try await stage.cancel(booking)
        }
    }

    /// A replica loses its leases, or renews them; what the replicas know of their leases may be out of date.
    private func changeOwners(
        _ stage: Stage, _ copies: [Reconciler], _ random: inout SeededGenerator
    ) async throws {
        for copy in copies.shuffled(using: &random) {
            switch Int.random(in: 0..<3, using: &random) {
            case 0: try await stage.lapse(copy.keeper.owner)
            case 1: await copy.keeper.beat()
            default: break
            }
        }
    }

    /// Checks that every hold in PostgreSQL is in Redis with the same image.
    private func expectHoldsAreHeld(_ stage: Stage) async throws {
        for partition in stage.inventory.keys.all {
            for event in try await stage.catalogue.current(in: partition) {
                let holds = try await stage.bookings.holds(of: event.id, after: nil, limit: 1000)
                for hold in holds {
                    let known = try await stage.inventory.booking(hold.id)
                    #expect(known?.image == hold.image)
                    #expect(known?.persisted == true)
                }
            }
        }
    }
}
