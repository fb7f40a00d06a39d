import BoxOffice
import Records
import SeatInventory

/// Compares two states of an event: PostgreSQL's, with newer outbox entries applied, and Redis's. A pure function.
struct Comparison {
    typealias Entry = AuditReport.Entry

    private let records: EventRecords
    private let snapshot: EventSnapshot
    private let map: SeatMap?
    /// The live bookings that PostgreSQL will have once the outbox is persisted.
    private var live: [BookingID: LiveBooking]
    private var terms: [TierID: TierCounters] = [:]
    private var blocks: Set<Block>

    init(_ records: EventRecords, _ snapshot: EventSnapshot, _ map: SeatMap?) {
        self.records = records
        self.snapshot = snapshot
        self.map = map
        live = records.bookings
        blocks = records.blocks
        for tier in records.tiers { terms[tier.tier] = tier }
        for entry in snapshot.tail { apply(entry) }
    }

    /// Compares counters only; `nil` if they cannot be compared.
    static func verdict(_ counts: EventCounts, _ seen: EventGlance) -> AuditReport.Verdict? {
        guard seen.isOpen else { return .recovering }
        let here = Dictionary(seen.tiers.map { ($0.tier, $0) }) { $1 }
        for tier in counts.tiers {
            guard (tier.held, tier.sold) == counts.counted[tier.tier] ?? (0, 0), let own = here[tier.tier],
                own.isConserved
            else { return .drift }
        }
        guard !seen.isBehind else { return nil }
        let agree = counts.tiers.allSatisfy { tier in
            guard let own = here[tier.tier] else { return false }
            return (own.capacity, own.held, own.sold, own.blocked)
                == (tier.capacity, tier.held, tier.sold, tier.blocked)
        }
        return agree && seen.holds == counts.holds ? .ok : .drift
    }

    private mutating func apply(_ entry: OutboxEntry) {
        for transition in entry.transitions {
            let image = transition.image
            guard image.version > live[transition.booking]?.version ?? 0 else { continue }
            live[transition.booking] =
                image.status.isLive
                ? LiveBooking(
                    status: image.status, version: image.version, user: image.user, items: image.items,
                    totalAmount: image.totalAmount) : nil
        }
        for tier in entry.tiers {
            terms[tier.tier]?.capacity = tier.capacity
            terms[tier.tier]?.blocked = tier.blocked
            terms[tier.tier]?.unitAmount = tier.unitAmount
        }
        blocks.formUnion(entry.blocked)
        for id in entry.unblocked { blocks = blocks.filter { $0.id != id } }
    }

    /// Inconsistencies among PostgreSQL's rows.
    func postgresDrift() -> [Entry] {
        let counted = Self.count(records.bookings)
        var drift: [Entry] = []
        for tier in records.tiers {
            let (held, sold) = counted[tier.tier] ?? (0, 0)
            if (tier.held, tier.sold) != (held, sold) {
                drift.append(
                    Entry(
                        tier: tier.tier,
                        "PostgreSQL counts \(tier.held) held and \(tier.sold) sold; its bookings have \(held) and \(sold)."
                    ))
            }
        }
        for (id, booking) in records.bookings where booking.items.isEmpty {
            drift.append(Entry(booking: id, "PostgreSQL has it as \(booking.status.rawValue) without lines."))
        }
        let owners = Self.owners(records.bookings)
        for seat in Set(owners.keys).union(records.seats.keys).sorted() where owners[seat] != records.seats[seat] {
            let booking = owners[seat] ?? records.seats[seat]
            let told = records.seats[seat].map { "belongs to booking \($0)" } ?? "is free"
            let due = owners[seat].map { "belongs to booking \($0)" } ?? "is free"
            drift.append(
                Entry(booking: booking, "Seat \(name(seat)) \(told) in event_seats; by the bookings it \(due)."))
        }
        return drift
    }

    /// Differences between Redis and the state that PostgreSQL will have.
    func redisDrift() -> [Entry] {
        tierDrift() + holdDrift() + userDrift() + blockDrift() + seatDrift()
    }

    /// Differences in terms of sale. An event is changed in Redis first, a moment before PostgreSQL, so a difference
    /// counts only if it is still there a little later.
    func policyDrift() -> [Entry] {
        var drift: [Entry] = []
        for (name, due) in records.event.policy(clock: 0, seats: nil).terms {
            let found = snapshot.terms[name] ?? ""
            guard found != due else { continue }
            drift.append(
                Entry(
                    "Redis has \(Self.termNames[name] ?? name) \(Self.shown(found)); PostgreSQL has \(Self.shown(due))."
                ))
        }
        for tier in snapshot.tiers where terms[tier.tier] == nil {
            drift.append(Entry(tier: tier.tier, "Only Redis has the tier."))
        }
        for tier in snapshot.tiers {
            guard let due = terms[tier.tier]?.unitAmount, due != tier.unitAmount else { continue }
            drift.append(
                Entry(tier: tier.tier, "Redis has unitAmount \(tier.unitAmount); by the records it is \(due)."))
        }
        return drift
    }

    /// The names of the terms in the API.
    private static let termNames = [
        "opens": "salesOpenAt", "closes": "salesCloseAt", "cancel": "cancelUntil", "hold": "hold milliseconds",
        "maxt": "maxTicketsPerUser", "maxb": "maxBookingsPerUser",
    ]

    private static func shown(_ text: String) -> String { text.isEmpty ? "none" : text }

    /// Bookings whose amount in PostgreSQL differs from the sum of their lines, from the amount paid, or from the hold
    /// in Redis.
    func amountDrift() -> [Entry] {
        var drift = records.wrongAmounts.map { wrong in
            let paid = wrong.paid.map { ", and \($0) was paid" } ?? ""
            return Entry(
                booking: wrong.booking, "PostgreSQL has it at \(wrong.total); its lines cost \(wrong.lines)\(paid).")
        }
        guard snapshot.isOpen else { return drift }
        for (id, image) in snapshot.holds {
            guard let image, let booking = live[id], booking.version == image.version, booking.status == image.status,
                (booking.totalAmount, booking.items) != (image.totalAmount, image.items)
            else { continue }
            drift.append(
                Entry(
                    booking: id,
                    "Redis has it at \(image.totalAmount); PostgreSQL has it at \(booking.totalAmount), or with other "
                        + "lines."))
        }
        return drift
    }

    private func tierDrift() -> [Entry] {
        let counted = Self.count(live)
        var drift: [Entry] = []
        let found = Dictionary(snapshot.tiers.map { ($0.tier, $0) }) { $1 }
        for tier in records.tiers {
            guard let here = found[tier.tier], let terms = terms[tier.tier] else {
                drift.append(Entry(tier: tier.tier, "Redis does not have the tier."))
                continue
            }
            if !here.isConserved {
                drift.append(
                    Entry(
                        tier: tier.tier,
                        "Redis breaks the law: capacity \(here.capacity) is not \(here.available) available + "
                            + "\(here.held) held + \(here.sold) sold + \(here.blocked) blocked."))
            }
            let (held, sold) = counted[tier.tier] ?? (0, 0)
            for (name, count, due) in [
                ("held", here.held, held), ("sold", here.sold, sold), ("blocked", here.blocked, terms.blocked),
                ("capacity", here.capacity, terms.capacity),
            ] where count != due {
                drift.append(Entry(tier: tier.tier, "Redis has \(name) \(count); by the records it is \(due)."))
            }
        }
        return drift
    }

    private func holdDrift() -> [Entry] {
        var drift: [Entry] = []
        for (id, booking) in live where booking.status.isHeld {
            let version = snapshot.holds[id].flatMap { $0 }?.version
            if version == nil {
                drift.append(
                    Entry(booking: id, "It is \(booking.status.rawValue) by the records; Redis lacks the hold."))
            } else if version != booking.version {
                drift.append(
                    Entry(
                        booking: id,
                        "Redis has it in version \(version ?? 0); by the records it is version \(booking.version)."))
            }
        }
        if snapshot.live != snapshot.holds.count {
            drift.append(Entry("Redis counts \(snapshot.live) holds; its indexes name \(snapshot.holds.count)."))
        }
        for (id, image) in snapshot.holds where live[id]?.status.isHeld != true {
            let known = live[id].map { "it is \($0.status.rawValue) there" } ?? "PostgreSQL does not have it as live"
            drift.append(Entry(booking: id, "Redis has it \(image?.status.rawValue ?? "in an index only"); \(known)."))
        }
        return drift
    }

    private func userDrift() -> [Entry] {
        var totals: [UserID: (tickets: Int, bookings: Int)] = [:]
        for booking in live.values {
            let old = totals[booking.user] ?? (0, 0)
            totals[booking.user] = (
                old.tickets + booking.items.reduce(0) { $0 + $1.quantity }, old.bookings + 1
            )
        }
        let due = totals.mapValues { "\($0.tickets) \($0.bookings)" }
        let here = snapshot.users
        // Reports do not name users, since many people may read them.
        let wrong = Set(due.keys).union(here.keys).count { here[$0] != due[$0] }
        return wrong == 0 ? [] : [Entry("Redis counts the tickets or bookings of \(wrong) users differently.")]
    }

    private func blockDrift() -> [Entry] {
        blocks.symmetricDifference(snapshot.blocks).map { block in
            let here = snapshot.blocks.contains(block) ? "Redis" : "PostgreSQL"
            return Entry(tier: block.tier, "Only \(here) has block \(block.id) in this form.")
        }
    }

    private func seatDrift() -> [Entry] {
        guard let map else { return [] }
        var taken: [SeatPosition: UInt8] = [:]
        for booking in live.values {
            for seat in booking.items.flatMap(\.seats) {
                taken[seat] = booking.status == .confirmed ? SeatMap.sold : SeatMap.held
            }
        }
        for block in blocks { for seat in block.seats { taken[seat] = SeatMap.blocked } }
        let due = map.bytes(taken)
        guard due.count == snapshot.seatMap.count else { return [Entry("Redis's seat map is not the event's.")] }
        var drift: [Entry] = []
        var offset = 0
        for (index, row) in map.rows.enumerated() {
            for place in row.seats.indices where due[offset + place] != snapshot.seatMap[offset + place] {
                let here = Self.word(snapshot.seatMap[offset + place])
                let seat = SeatPosition(row: index, place: place)
                drift.append(
                    Entry(
                        tier: row.tier,
                        "Redis has seat \(name(seat)) \(here); by the records it is \(Self.word(due[offset + place]))."
                    ))
            }
            offset += row.seats.count + 1
        }
        if drift.isEmpty, snapshot.runs != SeatMap.runs(due) {
            drift.append(Entry("Redis's longest free runs are not those of the seat map."))
        }
        return drift
    }

    private func name(_ seat: SeatPosition) -> String {
        guard let map, map.contains(seat) else { return "\(seat.number)" }
        let row = map.rows[seat.row]
        return "\(row.section) \(row.name) \(row.seats[seat.place])"
    }

    private static func word(_ state: UInt8) -> String {
        switch state {
        case SeatMap.free: "free"
        case SeatMap.held: "held"
        case SeatMap.sold: "sold"
        case SeatMap.blocked: "blocked"
        default: "unreadable"
        }
    }

    private static func count(_ bookings: [BookingID: LiveBooking]) -> [TierID: (held: Int, sold: Int)] {
        var counts: [TierID: (held: Int, sold: Int)] = [:]
        for booking in bookings.values {
            for item in booking.items {
                var count = counts[item.tier] ?? (0, 0)
                if booking.status == .confirmed { count.sold += item.quantity } else { count.held += item.quantity }
                counts[item.tier] = count
            }
        }
        return counts
    }

    private static func owners(_ bookings: [BookingID: LiveBooking]) -> [SeatPosition: BookingID] {
        var owners: [SeatPosition: BookingID] = [:]
        for (id, booking) in bookings { for seat in booking.items.flatMap(\.seats) { owners[seat] = id } }
        return owners
    }

    /// Whether the records have a booking in this version or a later one.
    func isKnown(_ booking: BookingID, _ version: Int64) -> Bool { live[booking]?.version ?? 0 >= version }
}
