import Booking

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

/// What a user has of an event in live bookings.
struct ModelTotals: Equatable {
    var tickets = 0
    var bookings = 0
    /// Those of them that have seats.
    var seated: Set<UUIDBytes> = []
}

/// Units or seats that are off sale.
struct ModelBlock: Equatable {
    let tier: UUIDBytes
    let quantity: Int
    /// As they were named.
    let seats: [Int]
}

/// How an event is sold.
struct ModelPolicy: Equatable {
    var isCancelled = false
    var opens: Int?
    var closes: Int?
    /// Until when owners may cancel what is confirmed.
    var cancels: Int?
    var hold: Int
    var maxTickets: Int?
    var maxBookings: Int?
    var currency: String
}

/// What one group changed of an event so far.
struct ModelUnit {
    var changes: [ModelEntry.Change] = []
    var tiers: Set<Int> = []
    /// Bookings that were claimed, in order.
    var claimed: [UUIDBytes] = []
    /// Blocks that were made, and those that were removed.
    var blocks: [(id: UUIDBytes, block: ModelBlock)] = []
    var unblocked: [UUIDBytes] = []
    var changesPolicy = false
    /// Whether it looked for due holds, and whether there were any named; whether others are.
    var hasLooked = false
    var hasSwept = false
    var hasMore = false
}

/// An event as the design has it.
struct ModelEvent {
    let id: UUIDBytes
    let partition: Int
    var policy: ModelPolicy
    var tiers: [ModelTier]
    /// Seats, those of one tier in adjacent rows.
    var rows: [ModelRow] = []
    var blocks: [UUIDBytes: ModelBlock] = [:]
    /// 0 when a function left it half written.
    var epoch: Int
    /// What it was before it was left half written.
    var epochBefore = 0
    /// The epoch that it was loaded under.
    var loadedUnder: Int { epoch == 0 ? epochBefore : epoch }
    /// What is answered of it under another epoch: a function left it half written, or no recovery loaded it.
    var missing: String { epoch == 0 ? "RECOVERING" : "NO_EVENT" }
    var sequence = 0
    var clock: Int
    var totals: [String: ModelTotals] = [:]
    /// Holds by when they expire, and paying bookings by their attempt's deadline: what is so.
    var holds: [UUIDBytes: Int] = [:]
    var attempts: [UUIDBytes: Int] = [:]
    /// Where Redis looks for them.
    var index = ModelIndex()
    var keys = ModelKeyDays()
    var unit = ModelUnit()

    func tier(_ id: UUIDBytes) -> Int? { tiers.firstIndex { $0.id == id } }

    mutating func move(_ booking: ModelBooking, from: ModelPlace, to: ModelPlace) {
        for item in booking.items { move(item.tier, item.quantity, item.seats, from: from, to: to) }
    }

    /// Units of a tier, and the seats among them, are then somewhere else.
    mutating func move(_ id: UUIDBytes, _ quantity: Int, _ seats: [Int], from: ModelPlace, to: ModelPlace) {
        guard let index = tier(id) else { preconditionFailure("a booking is of tiers that are there") }
        tiers[index][keyPath: from.count] -= quantity
        tiers[index][keyPath: to.count] += quantity
        unit.tiers.insert(index)
        for seat in seats {
            precondition(place(of: seat) == from, "seat \(seat) of \(self.id) is where its owner has it")
            rows[seat / ModelRow.limit].seats[seat % ModelRow.limit] = to
        }
    }

    /// Its owner has the booking's tickets (`sign` 1), or has them no more (-1).
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

    /// Whether the user may have so much more.
    func allows(_ user: String, tickets: Int) -> (tickets: Bool, bookings: Bool) {
        let total = totals[user] ?? ModelTotals()
        return (
            policy.maxTickets.map { total.tickets + tickets <= $0 } ?? true,
            policy.maxBookings.map { total.bookings + 1 <= $0 } ?? true
        )
    }

    /// When something first expires.
    var firstLapse: Int? {
        [holds.values.min(), attempts.values.min().map { $0 + ModelBooking.providerSilence }].compactMap(\.self).min()
    }
}
