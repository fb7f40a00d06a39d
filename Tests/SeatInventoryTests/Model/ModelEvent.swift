import BoxOffice

/// One tier's counters.
struct ModelTier: Equatable {
    let id: UUIDBytes
    let kind: TierKind
    var price: Int
    var capacity: Int
    var available: Int
    var held = 0
    var sold = 0
    var blocked: Int

    var isConserved: Bool {
        capacity == available + held + sold + blocked && min(available, held, sold, blocked) >= 0
    }
}

/// A user's live bookings of an event.
struct ModelTotals: Equatable {
    var tickets = 0
    var bookings = 0
    /// The bookings with seats.
    var seated: Set<UUIDBytes> = []
}

/// Units or seats that are off sale.
struct ModelBlock: Equatable {
    let tier: UUIDBytes
    let quantity: Int
    /// In the order of the request.
    let seats: [Int]
}

/// How an event is sold.
struct ModelPolicy: Equatable {
    var isCancelled = false
    var opens: Int?
    var closes: Int?
    /// The time until which owners may cancel confirmed bookings.
    var cancels: Int?
    var hold: Int
    var maxTickets: Int?
    var maxBookings: Int?
    var currency: String
}

/// The changes that the current group has made to an event so far.
struct ModelUnit {
    var changes: [ModelEntry.Change] = []
    var tiers: Set<Int> = []
    /// Claimed bookings, in order.
    var claimed: [UUIDBytes] = []
    /// Created blocks, and removed ones.
    var blocks: [(id: UUIDBytes, block: ModelBlock)] = []
    var unblocked: [UUIDBytes] = []
    var changesPolicy = false
    /// Whether the group looked for due holds, whether it swept, and whether more holds are due.
    var hasLooked = false
    var hasSwept = false
    var hasMore = false
}

/// An event as designed.
struct ModelEvent {
    let id: UUIDBytes
    let partition: Int
    var policy: ModelPolicy
    var tiers: [ModelTier]
    /// Rows of seats; the rows of one tier are adjacent.
    var rows: [ModelRow] = []
    var blocks: [UUIDBytes: ModelBlock] = [:]
    /// 0 if a function left the event half written.
    var epoch: Int
    /// The epoch before the event was left half written.
    var epochBefore = 0
    /// The epoch under which the event was loaded.
    var loadedUnder: Int { epoch == 0 ? epochBefore : epoch }
    /// The answer for an event of another epoch: it was left half written, or no recovery loaded it.
    var missing: String { epoch == 0 ? "RECOVERING" : "NO_EVENT" }
    var sequence = 0
    var clock: Int
    var totals: [String: ModelTotals] = [:]
    /// Holds by expiry, and paying bookings by their attempt's deadline: the actual state.
    var holds: [UUIDBytes: Int] = [:]
    var attempts: [UUIDBytes: Int] = [:]
    /// The indexes in which Redis looks for them.
    var index = ModelIndex()
    var keys = ModelKeyDays()
    var unit = ModelUnit()

    func tier(_ id: UUIDBytes) -> Int? { tiers.firstIndex { $0.id == id } }

    mutating func move(_ booking: ModelBooking, from: ModelPlace, to: ModelPlace) {
        for item in booking.items { move(item.tier, item.quantity, item.seats, from: from, to: to) }
    }

    /// Moves units of a tier, with their seats, to another state.
    mutating func move(_ id: UUIDBytes, _ quantity: Int, _ seats: [Int], from: ModelPlace, to: ModelPlace) {
        guard let index = tier(id) else { preconditionFailure("a booking's tiers exist") }
        tiers[index][keyPath: from.count] -= quantity
        tiers[index][keyPath: to.count] += quantity
        unit.tiers.insert(index)
        for seat in seats {
            precondition(place(of: seat) == from, "seat \(seat) of \(self.id) is in its owner's state")
            rows[seat / ModelRow.limit].seats[seat % ModelRow.limit] = to
        }
    }

    /// Adds the booking's tickets to its owner's totals (`sign` 1), or removes them (-1).
    mutating func count(_ booking: ModelBooking, _ sign: Int) {
        var total = totals[booking.user] ?? ModelTotals()
        total.tickets += sign * booking.tickets
        total.bookings += sign
        if booking.hasSeats, sign > 0 {
            total.seated.insert(booking.id)
        } else {
            total.seated.remove(booking.id)
        }
        totals[booking.user] = total == ModelTotals() ? nil : total
    }

    /// Whether the limits allow the user this many more tickets, and another booking.
    func allows(_ user: String, tickets: Int) -> (tickets: Bool, bookings: Bool) {
        let total = totals[user] ?? ModelTotals()
        return (
            policy.maxTickets.map { total.tickets + tickets <= $0 } ?? true,
            policy.maxBookings.map { total.bookings + 1 <= $0 } ?? true
        )
    }

    /// The earliest expiry.
    var firstExpiry: Int? {
        [holds.values.min(), attempts.values.min().map { $0 + ModelBooking.providerSilence }].compactMap(\.self).min()
    }
}
