import BoxOffice
import PostgresClient
import Records
import SeatInventory

extension Batch {
    init(_ booking: BookingID, _ image: Booking, claimed: [UInt8]? = nil) {
        self.init()
        add(booking, image, claimed: claimed)
    }

    init(_ transition: OutboxEntry.Transition) {
        self.init()
        add(transition.booking, transition.image, claimed: transition.claimed, trace: transition.trace)
    }

    /// Only the event terms that an entry changes, without its bookings.
    init(terms entry: OutboxEntry) {
        self.init()
        addTerms(entry)
    }

    mutating func add(_ entry: OutboxEntry) {
        for transition in entry.transitions {
            add(transition.booking, transition.image, claimed: transition.claimed, trace: transition.trace)
        }
        addTerms(entry)
    }

    private mutating func addTerms(_ entry: OutboxEntry) {
        for tier in entry.tiers {
            add(tier.tier, Tier(capacity: tier.capacity, blocked: tier.blocked, unitAmount: tier.unitAmount))
        }
        for block in entry.blocked { add(block, of: entry.event) }
        for block in entry.unblocked { remove(block) }
    }
}

extension PostgresError {
    /// Whether the data can never be written: data exceptions (22), violated constraints (23), a value too long for an
    /// index (54), a NUL character. All other errors are retried without limit.
    var isPoison: Bool { code == .misuse || ["22", "23", "54"].contains(sqlStateClass) }
}
