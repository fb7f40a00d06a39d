import Booking

/// One tier's counters.
struct ModelTier: Equatable {
    let id: String
    let kind: TierKind
    var price: Int
    var capacity: Int
    var available: Int
    var held = 0
    var sold = 0
    var blocked: Int

    var text: String { "\(capacity) \(available) \(held) \(sold) \(blocked) \(price) \(kind.rawValue)" }
    var isConserved: Bool {
        capacity == available + held + sold + blocked && min(available, held, sold, blocked) >= 0
    }
}

/// What a user has of an event in live bookings.
struct ModelTotals: Equatable {
    var tickets = 0
    var bookings = 0
    /// Those of them that have seats.
    var seated: Set<String> = []

    var text: String { (["\(tickets) \(bookings)"] + seated.sorted()).joined(separator: " ") }
}

/// Units or seats that are off sale.
struct ModelBlock: Equatable {
    let tier: String
    let quantity: Int
    /// As they were named.
    let seats: [Int]

    var text: String { "\(tier),\(quantity),\(seats.map(String.init).joined(separator: "+"))" }
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

/// What one script changed of an event so far.
struct ModelUnit {
    var changes: [ModelEntry.Change] = []
    var tiers: Set<Int> = []
    /// A block that was made or taken away, or nothing but the policy.
    var note: ModelEntry.Note?
    var changesPolicy = false
    /// When those would have lapsed that were replaced.
    var replaced: [Int] = []
    /// Whether it looked for lapsed holds, or returned one.
    var hasSwept = false
}

/// An event as the design has it.
struct ModelEvent {
    let id: String
    let partition: Int
    var policy: ModelPolicy
    var tiers: [ModelTier]
    /// Seats, those of one tier in adjacent rows.
    var rows: [ModelRow] = []
    var blocks: [String: ModelBlock] = [:]
    /// 0 when a script left it half written.
    var epoch: Int
    /// What is said of it under another epoch: a script left it half written, or no recovery loaded it.
    var missing: String { epoch == 0 ? "RECOVERING" : "NO_EVENT" }
    var sequence = 0
    var clock: Int
    /// Not later than the first lapse; exactly that after each look at lapsed holds.
    var next: Int?
    var totals: [String: ModelTotals] = [:]
    /// Holds by when they lapse, and paying bookings by their attempt's deadline.
    var holds: [String: Int] = [:]
    var attempts: [String: Int] = [:]
    var unit = ModelUnit()

    /// When something first lapses.
    var firstLapse: Int? {
        [holds.values.min(), attempts.values.min().map { $0 + ModelBooking.providerSilence }].compactMap(\.self).min()
    }

    func tier(_ id: String) -> Int? { tiers.firstIndex { $0.id == id } }

    mutating func move(_ booking: ModelBooking, from: ModelPlace, to: ModelPlace) {
        for item in booking.items { move(item.tier, item.quantity, item.seats, from: from, to: to) }
    }

    /// Units of a tier, and the seats among them, are then somewhere else.
    mutating func move(_ id: String, _ quantity: Int, _ seats: [Int], from: ModelPlace, to: ModelPlace) {
        guard let index = tier(id) else { preconditionFailure("a booking is of tiers that are there") }
        tiers[index][keyPath: from.count] -= quantity
        tiers[index][keyPath: to.count] += quantity
        unit.tiers.insert(index)
        for seat in seats {
            precondition(place(of: seat) == from, "seat \(seat) of \(self.id) is where its owner has it")
            rows[seat / ModelRow.limit].seats[seat % ModelRow.limit] = to
        }
    }

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

    /// Puts a booking where those of its state are looked for when they lapse.
    mutating func index(_ booking: ModelBooking) {
        holds[booking.id] = booking.status == .reserved ? booking.expires : nil
        attempts[booking.id] = booking.status == .pendingPayment ? booking.deadline : nil
        if let lapse = booking.lapses { next = min(next ?? lapse, lapse) }
    }

    /// Lapsed holds, at most `limit`, those of silent providers last, the longest overdue first.
    func lapsed(by now: Int, limit: Int) -> [String] {
        let silent = now - ModelBooking.providerSilence
        func due(_ list: [String: Int], _ time: Int) -> [String] {
            list.filter { $0.value <= time }.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.map(\.key)
        }
        return Array((due(holds, now) + due(attempts, silent)).prefix(limit))
    }

    /// Whether the user may have so much more.
    func allows(_ user: String, tickets: Int) -> (tickets: Bool, bookings: Bool) {
        let total = totals[user] ?? ModelTotals()
        return (
            policy.maxTickets.map { total.tickets + tickets <= $0 } ?? true,
            policy.maxBookings.map { total.bookings + 1 <= $0 } ?? true
        )
    }

    /// When the next hold may lapse, after `now`.
    func retryAt(after now: Int) -> Int {
        // What this very group replaced may still be named: who comes back too early is told the next.
        let running = [Array(holds.values), Array(attempts.values), unit.replaced].joined().filter { $0 > now }
        return running.min() ?? firstLapse ?? now + 1000
    }
}
