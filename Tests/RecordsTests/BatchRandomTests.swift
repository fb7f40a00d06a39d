import BoxOffice
import Loops
import PostgresClient
import Records
import Support
import Testing

/// A simple model of bookings: the last image of each, and sums computed over all of them.
private struct Model {
    static let tiers = (1...4).map { tierID(UInt64($0)) }
    static let capacity = 12
    private(set) var images: [BookingID: Booking] = [:]
    private(set) var payments: [PaymentID: BookingPayment] = [:]
    private var order: [BookingID] = []
    private var nextPayment: UInt64 = 1
    private var clock = someTime

    func owned(_ tier: TierID) -> Owned {
        var owned = Owned()
        for image in images.values {
            for item in image.items where item.tier == tier {
                if image.status.isHeld { owned.held += item.quantity }
                if image.status == .confirmed { owned.sold += item.quantity }
            }
        }
        return owned
    }

    /// Makes one allowed transition.
    mutating func step(_ random: inout SeededGenerator) -> (BookingID, Booking) {
        clock += Int64.random(in: 0...3, using: &random)
        while true {
            if order.isEmpty || Int.random(in: 0..<3, using: &random) == 0 {
                if let claimed = claim(&random) { return keep(claimed.0, claimed.1) }
            } else {
                // Mostly recent bookings, so that a batch contains several versions of one booking.
                let back = Int.random(in: 0..<min(order.count, 40), using: &random)
                let id = order[order.count - 1 - back]
                if let image = images[id], let next = move(id, image, &random) { return keep(id, next) }
            }
        }
    }

    private mutating func keep(_ id: BookingID, _ image: Booking) -> (BookingID, Booking) {
        images[id] = image
        if let payment = image.payment { payments[payment.id] = payment }
        return (id, image)
    }

    private func isFree(_ items: [BookingItem]) -> Bool {
        items.allSatisfy { item in
            let owned = owned(item.tier)
            return owned.held + owned.sold + item.quantity <= Self.capacity
        }
    }

    private mutating func claim(_ random: inout SeededGenerator) -> (BookingID, Booking)? {
        let event = UInt64.random(in: 1...2, using: &random)
        let tiers = [tierID(2 * event - 1), tierID(2 * event)].shuffled(using: &random)
        let items = tiers.prefix(Int.random(in: 1...2, using: &random)).map {
            BookingItem(tier: $0, quantity: Int.random(in: 1...3, using: &random), unitAmount: 100)
        }
        guard isFree(items) else { return nil }
        // Unordered ids, so that nothing depends on their order.
        let id = BookingID(
            partition: Partition(0), milliseconds: Int64.random(in: 0...1_000_000, using: &random),
            random: random.next())
        order.append(id)
        var new = image(event: eventID(event), user: "user \(Int.random(in: 0...5, using: &random)), \"x\" {é}")
        new.items = Array(items)
        new.totalAmount = Int64(items.reduce(0) { $0 + $1.quantity }) * 100
        new.createdAt = clock
        new.updatedAt = clock
        if Bool.random(using: &random) {
            new.key = ClaimKey(
                digest: Digest128(high: random.next(), low: random.next()).asKey,
                fingerprint: Digest128(high: random.next(), low: random.next()))
        }
        return (id, new)
    }

    /// The exclusive event allows a user one confirmed booking.
    private func mayConfirm(_ id: BookingID, _ image: Booking) -> Bool {
        image.event != eventID(2)
            || !images.contains {
                $0 != id && $1.event == image.event && $1.user == image.user && $1.status == .confirmed
            }
    }

    private mutating func move(_ id: BookingID, _ old: Booking, _ random: inout SeededGenerator) -> Booking? {
        var next = old
        next.version += 1
        next.updatedAt = clock
        switch (old.status, Int.random(in: 0..<4, using: &random)) {
        case (.reserved, 0): next.expiresAt += 1000
        case (.reserved, 1):
            next.status = .pendingPayment
            next.attempts += 1
            next.paymentDeadline = clock + 120_000
            next.payment = payment(nextPayment, .pending, transaction: nil)
            nextPayment += 1
        case (.reserved, 2): end(&next, .expired, "hold-expired")
        case (.reserved, _): end(&next, .cancelled, "by-owner")
        case (.pendingPayment, 0...1) where mayConfirm(id, old): confirm(&next)
        case (.pendingPayment, 2):
            next.status = .reserved
            next.paymentDeadline = nil
            next.payment?.status = .failed
        case (.pendingPayment, _):
            next.payment?.status = .failed
            end(&next, .failed, "payment-declined")
        case (.confirmed, 0):
            next.payment?.status = .refundDue
            end(&next, .cancelled, "by-owner")
        case (.expired, 0) where isFree(old.items) && mayConfirm(id, old):
            next.payment = payment(nextPayment, .pending, transaction: nil)
            nextPayment += 1
            confirm(&next)
        default: return nil
        }
        return next
    }

    private func end(_ image: inout Booking, _ status: BookingStatus, _ reason: String) {
        image.status = status
        image.paymentDeadline = nil
        image.reason = reason
    }

    private func confirm(_ image: inout Booking) {
        image.status = .confirmed
        image.confirmedAt = clock
        image.paymentDeadline = nil
        image.reason = nil
        image.payment?.status = .succeeded
        let charge = image.payment.map { "charge \($0.id)" }
        image.payment?.transactionID = charge
    }
}

@Suite("Random histories")
struct BatchRandomTests {
    private static let transitions = 2000

    @Test("however the history is cut and repeated, PostgreSQL matches the model, and is consistent after every batch")
    func histories() async throws {
        try await withDatabase("random_histories") { _, database in
            var random = SeededGenerator.fromEnvironment()
            try await database.catalogue.create(
                eventRecord(1, firstTier: 1, capacities: [Model.capacity, Model.capacity]), partition: Partition(0))
            try await database.catalogue.create(
                eventRecord(
                    2, firstTier: 3, capacities: [Model.capacity, Model.capacity], maxBookingsPerUser: 1),
                partition: Partition(0))
            let scribe = try await Scribe(database)
            var model = Model()
            var history: [(BookingID, Booking)] = []
            while history.count < Self.transitions {
                let size = Int.random(in: 1...60, using: &random)
                let batch = (0..<size).map { _ in model.step(&random) }
                history += batch
                try await scribe.write(batch)
                try await expect(database, model)
                if Int.random(in: 0..<4, using: &random) == 0 {
                    // Part of the history again, from a random position.
                    let start = Int.random(in: 0..<history.count, using: &random)
                    let end = Int.random(in: start..<history.count, using: &random)
                    try await scribe.write(Array(history[start...end]))
                    try await expect(database, model)
                }
            }
            try await expectRows(database, model)
            let before = try await fingerprint(database)
            try await scribe.write(history)
            let after = try await fingerprint(database)
            #expect(before == after)
        }
    }

    /// The counters equal the model's, and the sums over the rows.
    private func expect(_ database: Database, _ model: Model) async throws {
        for tier in Model.tiers {
            let owned = try await database.tier(tier)
            #expect(owned == model.owned(tier))
        }
        let drift = try await database.number(
            """
            SELECT count(*) FROM tiers t WHERE (held, sold) <> (SELECT
                coalesce(sum(quantity) FILTER (WHERE status IN ('RESERVED', 'PENDING_PAYMENT')), 0),
                coalesce(sum(quantity) FILTER (WHERE status = 'CONFIRMED'), 0)
                FROM booking_items i JOIN bookings b ON b.id = i.booking_id WHERE i.tier_id = t.id)
            """)
        #expect(drift == 0)
    }

    private func expectRows(_ database: Database, _ model: Model) async throws {
        let count = try await database.number("SELECT count(*) FROM bookings")
        #expect(count == Int64(model.images.count))
        for (id, image) in model.images {
            let row = try await database.store.booking(id)
            #expect(row?.image == image)
        }
        let payments = try await database.pool.query("SELECT id, status, transaction_id FROM payments")
        #expect(payments.count == model.payments.count)
        for row in payments {
            let known = PaymentID(try row.string("id")).flatMap { model.payments[$0] }
            #expect(try row.string("status") == known?.status.rawValue)
            #expect(try row.optionalString("transaction_id") == known?.transactionID)
        }
    }

    /// Everything except the cursor, as one text.
    private func fingerprint(_ database: Database) async throws -> String {
        let rows = try await database.pool.query(
            """
            SELECT md5((SELECT string_agg(b::text, ';' ORDER BY id) FROM bookings b)
                || (SELECT string_agg(i::text, ';' ORDER BY booking_id, tier_id) FROM booking_items i)
                || (SELECT string_agg(p::text, ';' ORDER BY id) FROM payments p)
                || (SELECT string_agg(t::text, ';' ORDER BY id) FROM tiers t)) AS sum
            """)
        return try #require(rows.first).string("sum")
    }
}
