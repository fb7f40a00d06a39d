import BoxOffice
import Loops
import RedisClient
import SeatInventory
import Support
import Testing

/// Claims by seat on a real Redis.
@Suite("Seats on a real Redis")
struct SeatTests {
    private static let keys = KeySpace(partitions: 4)
    private static let stalls = TierID(UUIDBytes(high: 7, low: 1))
    private static let balcony = TierID(UUIDBytes(high: 7, low: 2))
    private static let standing = TierID(UUIDBytes(high: 7, low: 3))
    private static let event = EventID(UUIDBytes(high: 1, low: 1))

    /// Two rows of ten in the stalls, one of six in the balcony, 20 standing.
    private static let map = SeatMap(
        rows: [(stalls, 10), (stalls, 10), (balcony, 6)].enumerated().map { index, row in
            SeatMap.Row(
                tier: row.0, section: "S", name: "\(index)", seats: (1...row.1).map { "\($0)" })
        })

    private func withHall(
        hold: Int64 = 600_000, maxTickets: Int? = 40, maxBookings: Int? = nil, taken: [SeatPosition: UInt8] = [:],
        _ body: @Sendable (Inventory) async throws -> Void
    ) async throws {
        var options = RedisServerProcess.Options()
        options.appendOnly = true
        try await withOwnRedis(options) { loop, connection, _ in
            let inventory = Inventory(loop: loop, connection: connection, keys: Self.keys, channel: "")
            let partition = Self.keys.partition(of: Self.event)
            _ = try await inventory.now()
            _ = try await inventory.close(partition, epoch: 1)
            _ = try await inventory.open(partition, epoch: 1, cursor: .zero)
            let counters = [(Self.stalls, 20), (Self.balcony, 6), (Self.standing, 20)].map { tier, capacity in
                TierCounters(
                    tier: tier, capacity: capacity, available: capacity, held: 0, sold: 0, blocked: 0,
                    unitAmount: 100, kind: tier == Self.standing ? .general : .seated)
            }
            let policy = EventPolicy(
                event: Self.event, isCancelled: false, opensAt: nil, closesAt: nil, holdMilliseconds: hold,
                maxTicketsPerUser: maxTickets, maxBookingsPerUser: maxBookings, currency: "USD", clock: 0,
                tiers: counters, seats: SeatState(map: Self.map, taken: taken))
            let loaded = try await inventory.load(policy, recovering: nil)
            #expect(loaded == .done)
            try await body(inventory)
            try await Self.verify(inventory)
        }
    }

    /// Checks that units are conserved, and that counters match the map.
    private static func verify(_ inventory: Inventory) async throws {
        let found = try await inventory.availability(event)
        let tiers = try #require(found).tiers
        guard case .map(_, let bytes) = try await inventory.seats(event, known: nil) else {
            Issue.record("no map")
            return
        }
        let rows = bytes.split(separator: SeatMap.separator, omittingEmptySubsequences: false).dropLast()
        for tier in tiers {
            #expect(tier.isConserved)
            guard tier.kind == .seated else { continue }
            let own = zip(map.rows, rows).filter { $0.0.tier == tier.tier }.flatMap { $0.1 }
            #expect(own.count { $0 == SeatMap.free } == tier.available)
            #expect(own.count { $0 == SeatMap.held } == tier.held)
            #expect(own.count { $0 == SeatMap.sold } == tier.sold)
            #expect(own.count { $0 == SeatMap.blocked } == tier.blocked)
        }
        let runs = try await inventory.command(["GET", keys.longestRuns(event)]).bytes
        #expect(runs == SeatMap.runs(bytes))
    }

    private static func booking(_ number: UInt64) -> BookingID {
        BookingID(partition: keys.partition(of: event), milliseconds: 1, random: number)
    }

    private static func claim(_ number: UInt64, _ user: UserID, _ items: ClaimItem...) -> ClaimRequest {
        ClaimRequest(
            booking: booking(number), event: event, user: user, items: items, idempotency: nil, answersLater: false,
            traceparent: "")
    }

    private static func transition(_ number: UInt64) -> TransitionRequest {
        TransitionRequest(
            booking: booking(number), user: nil, awaitsAck: false, idempotency: nil, traceparent: "")
    }

    private static func seats(_ row: Int, _ places: Int...) -> [SeatPosition] {
        places.map { SeatPosition(row: row, place: $0) }
    }

    /// The seats that a claim got, or `nil` for a refusal.
    private static func held(_ inventory: Inventory, _ request: ClaimRequest) async throws -> [SeatPosition]? {
        guard case .held(let image, _) = try await inventory.claim(request) else { return nil }
        return image.items.flatMap(\.seats)
    }

    @Test("named seats are all or nothing, and the refusal lists the taken ones")
    func named() async throws {
        try await withHall { inventory in
            let first = try await Self.held(inventory, Self.claim(1, "a", .seats(Self.seats(0, 3, 4))))
            #expect(first == Self.seats(0, 3, 4))
            guard
                case .seatsTaken(let gone) = try await inventory.claim(
                    Self.claim(2, "b", .seats(Self.seats(0, 2, 3, 4, 5))))
            else {
                Issue.record("not refused")
                return
            }
            #expect(gone == Self.seats(0, 3, 4))
            let neighbours = try await Self.held(inventory, Self.claim(3, "b", .seats(Self.seats(0, 2, 5))))
            #expect(neighbours == Self.seats(0, 2, 5))
            guard
                case .unknownSeats(let unknown) = try await inventory.claim(
                    Self.claim(4, "b", .seats(Self.seats(0, 1) + Self.seats(0, 10) + Self.seats(3, 0))))
            else {
                Issue.record("not refused")
                return
            }
            #expect(unknown == Self.seats(0, 10) + Self.seats(3, 0))
            guard case .mistaken = try await inventory.claim(Self.claim(5, "b", .units(Self.stalls, 1))),
                case .mistaken = try await inventory.claim(Self.claim(6, "b", .best(Self.standing, 1)))
            else {
                Issue.record("a tier was sold the other way")
                return
            }
        }
    }

    @Test("the best seats are adjacent, in the earliest row, near its middle, and leave no single seat if possible")
    func best() async throws {
        try await withHall { inventory in
            let pair = try await Self.held(inventory, Self.claim(1, "a", .best(Self.stalls, 2)))
            #expect(pair == Self.seats(0, 4, 5))
            // Each side of the pair has four free seats: taking three would leave one alone, so the next row is better.
            let three = try await Self.held(inventory, Self.claim(2, "b", .best(Self.stalls, 3)))
            #expect(three == Self.seats(1, 3, 4, 5) || three == Self.seats(1, 4, 5, 6))
            let four = try await Self.held(inventory, Self.claim(3, "c", .best(Self.stalls, 4)))
            #expect(four == Self.seats(0, 0, 1, 2, 3) || four == Self.seats(0, 6, 7, 8, 9))
            guard case .noAdjacent = try await inventory.claim(Self.claim(4, "d", .best(Self.stalls, 9))) else {
                Issue.record("no row has nine")
                return
            }
            let mixed = try await Self.held(
                inventory,
                Self.claim(5, "e", .best(Self.balcony, 6), .units(Self.standing, 2), .seats(Self.seats(1, 0))))
            #expect(mixed?.count == 7)
        }
    }

    @Test("a party of any size gets the best available seats, until none fit")
    func fillsUp() async throws {
        try await withHall(maxTickets: nil) { inventory in
            var generator = SeededGenerator.fromEnvironment()
            var taken: Set<SeatPosition> = []
            for number in 0..<60 {
                let size = Int.random(in: 1...4, using: &generator)
                let got = try await Self.held(inventory, Self.claim(UInt64(number), "u", .best(Self.stalls, size)))
                guard let got else { continue }
                #expect(got.count == size && Set(got.map(\.row)).count == 1)
                #expect(got.map(\.place) == Array(got[0].place..<got[0].place + size))
                #expect(taken.isDisjoint(with: got))
                taken.formUnion(got)
            }
            #expect(taken.count == 20)
        }
    }

    @Test("a user's live hold is replaced by a claim that names its seats, and kept if the claim is refused")
    func ownHold() async throws {
        try await withHall(maxTickets: 3, maxBookings: 1) { inventory in
            _ = try await inventory.claim(Self.claim(1, "a", .seats(Self.seats(0, 3, 4))))
            _ = try await inventory.claim(Self.claim(2, "b", .seats(Self.seats(0, 6))))
            guard
                case .seatsTaken(let gone) = try await inventory.claim(
                    Self.claim(3, "a", .seats(Self.seats(0, 4, 5, 6))))
            else {
                Issue.record("another's seat was given")
                return
            }
            #expect(gone == Self.seats(0, 6))
            let kept = try await inventory.booking(Self.booking(1))
            #expect(kept?.image.status == .reserved)
            guard case .ticketLimit = try await inventory.claim(Self.claim(4, "a", .seats(Self.seats(0, 2, 3, 4, 5))))
            else {
                Issue.record("the limit was not applied")
                return
            }
            try await Self.verify(inventory)
            let more = try await Self.held(inventory, Self.claim(5, "a", .seats(Self.seats(0, 3, 4, 5))))
            #expect(more == Self.seats(0, 3, 4, 5))
            let replaced = try await inventory.booking(Self.booking(1))
            #expect(replaced?.image.status == .cancelled && replaced?.image.reason == "replaced")
        }
    }

    @Test("seats are released when a hold expires, and stay sold once it is paid")
    func lives() async throws {
        try await withHall(hold: 1) { inventory in
            for number in 0..<20 {
                var got: [SeatPosition]?
                while got == nil {
                    got = try await Self.held(inventory, Self.claim(UInt64(number), "a", .seats(Self.seats(0, 0, 1))))
                }
                #expect(got == Self.seats(0, 0, 1))
            }
        }
        try await withHall { inventory in
            let payment = PaymentID(UUIDBytes(high: 2, low: 2))
            _ = try await inventory.claim(Self.claim(1, "a", .seats(Self.seats(2, 0, 1)), .units(Self.standing, 2)))
            _ = try await inventory.beginPayment(Self.transition(1), payment: payment, provider: "p")
            _ = try await inventory.confirm(
                Self.transition(1), payment: payment, provider: "p", transactionID: "t", amount: 400, currency: "USD")
            try await Self.verify(inventory)
            guard
                case .done(let part, _) = try await inventory.cancelItems(
                    Self.transition(1), tier: Self.balcony, quantity: nil, seats: Self.seats(2, 1))
            else {
                Issue.record("no part was cancelled")
                return
            }
            #expect(part.status == .confirmed && part.totalAmount == 300)
            #expect(part.payment?.status == .succeeded && part.payment?.refundAmount == 100)
            guard
                case .noSuchItems = try await inventory.cancelItems(
                    Self.transition(1), tier: Self.balcony, quantity: nil, seats: Self.seats(2, 1)),
                case .noSuchItems = try await inventory.cancelItems(
                    Self.transition(1), tier: Self.standing, quantity: 3, seats: [])
            else {
                Issue.record("a cancelled part was cancelled again")
                return
            }
            try await Self.verify(inventory)
            _ = try await inventory.cancelItems(Self.transition(1), tier: Self.balcony, quantity: nil, seats: [])
            guard
                case .done(let ended, _) = try await inventory.cancelItems(
                    Self.transition(1), tier: Self.standing, quantity: 2, seats: [])
            else {
                Issue.record("cancelling the last line did not end the booking")
                return
            }
            #expect(ended.status == .cancelled && ended.payment?.status == .refundDue)
            #expect(ended.payment?.refundAmount == 400)
        }
    }

    @Test("blocks take seats and units off sale and return them once")
    func blocks() async throws {
        try await withHall { inventory in
            let block = BlockID(UUIDBytes(high: 3, low: 1))
            for _ in 0..<2 {
                guard
                    case .blocked(let made) = try await inventory.block(
                        block, event: Self.event, tier: nil, quantity: 0, seats: Self.seats(1, 2, 3))
                else {
                    Issue.record("not blocked")
                    return
                }
                #expect(made.tier == Self.stalls && made.quantity == 2)
            }
            try await Self.verify(inventory)
            guard case .seatsTaken = try await inventory.claim(Self.claim(1, "a", .seats(Self.seats(1, 3)))),
                case .seatsTaken = try await inventory.block(
                    BlockID(UUIDBytes(high: 3, low: 2)), event: Self.event, tier: nil, quantity: 0,
                    seats: Self.seats(1, 3, 4)),
                case .mixed = try await inventory.block(
                    BlockID(UUIDBytes(high: 3, low: 3)), event: Self.event, tier: nil, quantity: 0,
                    seats: Self.seats(1, 0) + Self.seats(2, 0)),
                case .soldOut = try await inventory.block(
                    BlockID(UUIDBytes(high: 3, low: 4)), event: Self.event, tier: Self.standing, quantity: 21, seats: []
                )
            else {
                Issue.record("a taken seat was given")
                return
            }
            let back = try await inventory.unblock(block, event: Self.event)
            let again = try await inventory.unblock(block, event: Self.event)
            #expect(back && !again)
            let seats = try await Self.held(inventory, Self.claim(2, "a", .seats(Self.seats(1, 3))))
            #expect(seats == Self.seats(1, 3))
        }
    }

    @Test("a capacity never falls below held, sold and blocked units")
    func capacity() async throws {
        try await withHall { inventory in
            _ = try await inventory.claim(Self.claim(1, "a", .units(Self.standing, 5)))
            let policy = EventPolicy(
                event: Self.event, isCancelled: false, opensAt: nil, closesAt: nil, holdMilliseconds: 1000,
                maxTicketsPerUser: nil, maxBookingsPerUser: nil, currency: "USD", clock: 0, tiers: [])
            let less = try await inventory.update(
                policy, tiers: [TierTerms(tier: Self.standing, capacity: 4, unitAmount: 100)])
            guard case .committed(let units) = less else {
                Issue.record("\(less)")
                return
            }
            #expect(units.map(\.tier) == [Self.standing] && units.map(\.held) == [5])
            #expect(units.map(\.sold) == [0] && units.map(\.blocked) == [0])
            let just = try await inventory.update(
                policy, tiers: [TierTerms(tier: Self.standing, capacity: 5, unitAmount: 200)])
            #expect(just == .done)
            guard case .heldByOthers = try await inventory.claim(Self.claim(2, "b", .units(Self.standing, 1))) else {
                Issue.record("the tier was oversold")
                return
            }
        }
    }
}
