import BoxOffice
import Loops
import Records
import SeatInventory
import Support
import Testing

/// Random customers and operators acting on halls: each has two tiers sold by seat and one of general admission.
struct SeatHistory {
    let stage: Stage
    let seats: SeatStore
    private var random: SeededGenerator
    private(set) var halls: [EventID] = []
    /// Bookings by the images of their claims, the newest last.
    private var bookings: [Booking] = []
    private var ids: [BookingID] = []
    private var blocks: [(event: EventID, block: BlockID)] = []
    private var numbers: UInt64 = 0
    private let first: UInt64
    /// How often each action was done.
    var done: [String: Int] = [:]

    private static let rows = [(0, 8), (0, 8), (0, 5), (1, 12), (1, 3)]

    /// Puts four halls on sale; the holds of the first expire all the time.
    ///
    /// - Parameter first: the number of the first hall; concurrent histories need different halls.
    init(_ stage: Stage, _ random: SeededGenerator, first: UInt64 = 1) async throws {
        self.first = first
        self.stage = stage
        self.random = random
        seats = SeatStore(pool: stage.pool)
        for number in first..<first + 4 {
            let hall = EventID(UUIDBytes(high: 0xe001, low: number))
            try await publish(hall, hold: number == first ? 1 : 600, tickets: number == first + 1 ? 12 : nil)
            halls.append(hall)
        }
    }

    /// A hall's tiers: stalls, balcony, standing.
    static func tier(_ index: Int, of hall: EventID) -> TierID {
        TierID(UUIDBytes(high: 0xf001 + UInt64(index), low: hall.uuid.low))
    }

    private static func map(of hall: EventID) -> SeatMap {
        SeatMap(
            rows: rows.enumerated().map { index, row in
                SeatMap.Row(
                    tier: tier(row.0, of: hall), section: "S\(row.0)", name: "\(index)",
                    seats: (1...row.1).map { "\($0)" })
            })
    }

    private func publish(_ hall: EventID, hold: Int64, tickets: Int64?) async throws {
        let capacities = [0, 1].map { tier in Self.rows.reduce(0) { $0 + ($1.0 == tier ? $1.1 : 0) } } + [15]
        let tiers = capacities.enumerated().map { index, capacity in
            TierRecord(
                id: Self.tier(index, of: hall), name: "Tier \(index)", kind: index == 2 ? "general" : "seated",
                unitAmount: Int64(100 * index), capacity: capacity)
        }
        let record = EventRecord(
            id: hall, number: 0, title: "Hall", description: nil, venue: nil, startsAt: 4_000_000_000_000,
            salesOpenAt: nil, status: "draft", currency: "USD", holdSeconds: hold,
            maxTicketsPerUser: tickets, maxBookingsPerUser: nil, version: 1, createdAt: 0, updatedAt: 0, tiers: tiers)
        let map = Self.map(of: hall)
        try await stage.catalogue.create(record, partition: stage.inventory.keys.partition(of: hall), seats: map)
        _ = try await stage.catalogue.publish(hall)
        let loaded = try await stage.inventory.load(try await policy(hall), recovering: nil)
        #expect(loaded == .done)
    }

    private func policy(_ hall: EventID) async throws -> EventPolicy {
        let record = try #require(try await stage.catalogue.event(hall))
        return record.policy(clock: 0, seats: try await seats.state(of: hall))
    }

    mutating func isDue(in steps: Int) -> Bool { Int.random(in: 0..<steps, using: &random) == 0 }

    private mutating func count(_ word: String) { done[word, default: 0] += 1 }

    private mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    // MARK: - Actions

    /// One action of a customer or an operator; refusals are valid answers.
    mutating func act() async throws {
        let recent = bookings.isEmpty ? nil : bookings.count - number(1...min(40, bookings.count))
        switch (number(0...22), recent) {
        case (0...8, _), (_, nil): try await claim()
        case (9...10, let booking?): try await cancelItems(booking)
        case (11...12, let booking?): try await pay(booking, isDeclined: false)
        case (13, let booking?): try await pay(booking, isDeclined: true)
        case (14, let booking?): _ = try await stage.inventory.extend(stage.transition(ids[booking]))
        case (15...18, let booking?): try await stage.cancel(ids[booking])
        case (19, _): try await block()
        case (20, _): try await unblock()
        case (21, _): try await update()
        case (_, let booking?): _ = try await lateSuccess(booking)
        }
    }

    private mutating func claim() async throws {
        let hall = halls[number(0...halls.count - 1)]
        let user: UserID = "user \(number(0...5))"
        var items: [ClaimItem] = []
        if number(0...2) == 0 { items.append(.units(Self.tier(2, of: hall), number(1...4))) }
        if number(0...2) == 0 { items.append(.best(Self.tier(number(0...1), of: hall), number(1...4))) }
        if items.isEmpty { items.append(.seats(someSeats(hall, user))) }
        var request = stage.request(hall, user: user)
        request.items = items
        switch try await stage.inventory.claim(request) {
        case .held(let image, _):
            bookings.append(image)
            ids.append(request.booking)
            count("held")
        case .seatsTaken: count("taken")
        default: break
        }
    }

    /// Adjacent seats, sometimes with one that the user already has.
    private mutating func someSeats(_ hall: EventID, _ user: UserID) -> [SeatPosition] {
        let row = number(0...Self.rows.count - 1)
        let first = number(0...Self.rows[row].1 - 1)
        let last = min(first + number(0...2), Self.rows[row].1 - 1)
        var found = Set((first...last).map { SeatPosition(row: row, place: $0) })
        if number(0...2) == 0,
            let own = bookings.last(where: {
                $0.event == hall && $0.user == user && $0.items.contains { !$0.seats.isEmpty }
            })
        {
            found.formUnion(own.items.flatMap(\.seats).prefix(1))
        }
        return found.sorted()
    }

    private mutating func cancelItems(_ booking: Int) async throws {
        let line = bookings[booking].items[number(0...bookings[booking].items.count - 1)]
        let some = Array(line.seats.shuffled(using: &random).prefix(number(0...2)))
        let outcome = try await stage.inventory.cancelItems(
            stage.transition(ids[booking]), tier: line.tier,
            quantity: line.seats.isEmpty && number(0...1) == 0 ? 1 : nil, seats: some)
        if case .done(let image, _) = outcome, image.status.isLive { count("part") }
    }

    private mutating func pay(_ booking: Int, isDeclined: Bool) async throws {
        let payment = PaymentID(ids[booking].uuid)
        let transition = stage.transition(ids[booking])
        guard
            case .done(let image, _) = try await stage.inventory.beginPayment(
                transition, payment: payment, provider: "p")
        else { return }
        if isDeclined {
            let isFinal = number(0...3) == 0
            _ = try await stage.inventory.failPayment(
                transition, payment: payment, isFinal: isFinal, reason: "declined")
        } else {
            _ = try await stage.inventory.confirm(
                transition, payment: payment, provider: "p", transactionID: "t-\(ids[booking])",
                amount: image.totalAmount, currency: "USD")
            count("confirmed")
        }
    }

    /// The provider reports success, whatever the state of the booking.
    private mutating func lateSuccess(_ booking: Int) async throws {
        let known = try await stage.bookings.booking(ids[booking])
        guard let payment = known?.image.payment else { return }
        _ = try await stage.inventory.confirm(
            stage.transition(ids[booking]), payment: payment.id, provider: "p", transactionID: "t-\(ids[booking])",
            amount: payment.amount, currency: "USD")
    }

    private mutating func block() async throws {
        let hall = halls[number(0...halls.count - 1)]
        numbers += 1
        let id = BlockID(UUIDBytes(high: 0xb000 + first, low: numbers))
        let isSeated = number(0...1) == 0
        let named = isSeated ? someSeats(hall, "nobody") : []
        let outcome = try await stage.inventory.block(
            id, event: hall, tier: isSeated ? nil : Self.tier(2, of: hall), quantity: isSeated ? 0 : number(1...3),
            seats: named)
        guard case .blocked = outcome else { return }
        blocks.append((hall, id))
        count("blocked")
    }

    private mutating func unblock() async throws {
        guard !blocks.isEmpty else { return }
        let (hall, block) = blocks[number(0...blocks.count - 1)]
        if try await stage.inventory.unblock(block, event: hall) { count("unblocked") }
    }

    private mutating func update() async throws {
        let hall = halls[number(0...halls.count - 1)]
        let outcome = try await stage.inventory.update(
            try await policy(hall),
            tiers: [
                TierTerms(tier: Self.tier(2, of: hall), capacity: number(5...25), unitAmount: Int64(number(0...300)))
            ])
        if outcome == .done { count("updated") }
    }
}
