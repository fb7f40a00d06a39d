import BoxOffice
import Loops
import PostgresClient
import Records
import RedisClient
import SeatInventory
import Testing

/// Compares both stores once everything is persisted.
extension SeatHistory {
    /// Checks that tiers, blocks and seats of every hall are the same.
    mutating func expectAgreement() async throws {
        for hall in halls {
            try await expectSameTiers(hall)
            try await expectSameBlocks(hall)
            try await expectSameSeats(hall)
        }
        done["replaced"] = Int(
            try await stage.number("SELECT count(*) FROM bookings WHERE reason = 'replaced' AND status = 'CANCELLED'"))
    }

    private func expectSameTiers(_ hall: EventID) async throws {
        let availability = try #require(try await stage.inventory.availability(hall))
        let rows = try #require(try await stage.catalogue.event(hall)).tiers
        #expect(availability.isOpen && availability.tiers.count == rows.count)
        for row in rows {
            let tier = try #require(availability.tiers.first { $0.tier == row.id })
            #expect(tier.isConserved && min(tier.available, tier.held, tier.sold, tier.blocked) >= 0)
            #expect(
                [row.capacity, row.held, row.sold, row.blocked] == [tier.capacity, tier.held, tier.sold, tier.blocked])
            #expect(row.unitAmount == tier.unitAmount)
            // The counters are the sums over the bookings.
            for (count, states) in [(row.held, "'RESERVED', 'PENDING_PAYMENT'"), (row.sold, "'CONFIRMED'")] {
                let owned = try await stage.number(
                    """
                    SELECT coalesce(sum(i.quantity), 0) FROM bookings b JOIN booking_items i ON i.booking_id = b.id
                    WHERE i.tier_id = $1::uuid AND b.status IN (\(states))
                    """, [.text(row.id.description)])
                #expect(owned == count)
            }
        }
    }

    private func expectSameBlocks(_ hall: EventID) async throws {
        let known = Set(try #require(try await stage.inventory.blocks(of: hall)))
        let written = Set(try await seats.blocks(of: hall))
        #expect(known == written)
        for index in 0...2 {
            let tier = Self.tier(index, of: hall)
            let row = try await stage.catalogue.event(hall)?.tiers.first { $0.id == tier }
            #expect(row?.blocked == written.reduce(0) { $0 + ($1.tier == tier ? $1.quantity : 0) })
        }
    }

    /// Checks that every seat has the same state in both stores, and belongs to the booking that lists it.
    private func expectSameSeats(_ hall: EventID) async throws {
        guard case .map(_, let bytes) = try await stage.inventory.seats(hall, known: nil) else {
            Issue.record("no map")
            return
        }
        let written = try #require(try await seats.state(of: hall))
        #expect(bytes == written.bytes)
        let runs = try await stage.inventory.command(["GET", stage.inventory.keys.longestRuns(hall)]).bytes
        #expect(runs == SeatMap.runs(bytes))
        let strangers = try await stage.number(
            """
            SELECT count(*) FROM (
                SELECT i.booking_id, unnest(i.seats) AS seat FROM booking_items i JOIN bookings b ON b.id = i.booking_id
                WHERE b.event_id = $1::uuid AND b.status IN ('RESERVED', 'PENDING_PAYMENT', 'CONFIRMED')
            ) AS named FULL JOIN (SELECT booking_id, seat FROM event_seats WHERE event_id = $1::uuid) AS owned
                USING (booking_id, seat)
            WHERE named.booking_id IS NULL OR owned.booking_id IS NULL
            """, [.text(hall.description)])
        #expect(strangers == 0)
    }
}
