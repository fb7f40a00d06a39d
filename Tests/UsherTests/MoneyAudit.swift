import Support

/// Compares the provider's ledger, Redis and PostgreSQL.
struct MoneyAudit {
    private let world: MoneyWorld
    private let event: (id: String, tier: String)

    init(_ world: MoneyWorld, _ event: (id: String, tier: String)) {
        self.world = world
        self.event = event
    }

    /// A payment in PostgreSQL, with its booking.
    private struct Row {
        let booking: String
        let status: String
        let amount: Int
        let refunded: Int
        let asked: Int
        let isStray: Bool
        let bookingStatus: String
        let total: Int
        let id: String
    }

    private func payments() throws -> [String: Row] {
        let rows = try world.cluster.postgres.rows(
            """
            SELECT p.transaction_id, p.booking_id, p.status, p.amount, p.refunded_amount, p.refund_asked, p.is_stray,
                coalesce(b.status, '-'), coalesce(b.total_amount, 0), p.id
            FROM payments p LEFT JOIN bookings b ON b.id = p.booking_id WHERE p.transaction_id IS NOT NULL
            """)
        var payments: [String: Row] = [:]
        for row in rows {
            let part = row.split(separator: "|").map(String.init)
            guard part.count == 10 else { throw SupportError("unreadable: \(row)") }
            payments[part[0]] = Row(
                booking: part[1], status: part[2], amount: Int(part[3]) ?? 0, refunded: Int(part[4]) ?? 0,
                asked: Int(part[5]) ?? 0, isStray: part[6] == "t", bookingStatus: part[7], total: Int(part[8]) ?? 0,
                id: part[9])
        }
        return payments
    }

    // MARK: - At any moment

    /// Violations of invariants that hold at any moment.
    func faults() throws -> [String] {
        // Read the ledger first: PostgreSQL, read afterwards, can only be newer.
        let captures = try world.captures()
        let payments = try payments()
        var faults: [String] = []
        for capture in captures where capture.refunded > payments[capture.transaction]?.asked ?? 0 {
            faults.append("\(capture.transaction): \(capture.refunded) refunded without a record")
        }
        faults += try unknownKeys(captures)
        let expired = try world.cluster.postgres.rows(
            """
            SELECT b.id FROM bookings b JOIN payments p ON p.booking_id = b.id AND NOT p.is_stray
            WHERE b.status = 'EXPIRED' AND p.status = 'PENDING'
            """)
        faults += expired.map { "booking \($0): expired during a payment" }
        let letters = try world.cluster.postgres.rows("SELECT reason FROM dead_letters")
        return faults + letters.map { "dead letter: \($0)" }
    }

    /// Finds charges with a key that was not recorded: a retry must not use a new key.
    private func unknownKeys(_ captures: [MoneyWorld.Capture]) throws -> [String] {
        let known = Set(try world.cluster.postgres.rows("SELECT id FROM payments"))
        let told = Set(try world.cluster.postgres.rows("SELECT payment_id FROM charges"))
        let first = Dictionary(grouping: captures.filter { known.contains($0.key) }, by: \.booking)
        return captures.compactMap { capture in
            guard !known.contains(capture.key), !told.contains(capture.key), first[capture.booking] != nil else {
                return nil
            }
            return "\(capture.key): booking \(capture.booking) is charged under a second key"
        } + first.values.filter { $0.count > 1 }.map { "booking \($0[0].booking): charged \($0.count) times" }
    }

    // MARK: - In the end

    /// Payments that are not settled, or settled wrongly.
    func open() throws -> [String] {
        let captures = try world.captures()
        let payments = try payments()
        var open: [String] = []
        var kept: [String: Int] = [:]
        for capture in captures {
            guard let row = payments[capture.transaction] else {
                open.append("\(capture.transaction): \(capture.amount) charged, but not in PostgreSQL")
                continue
            }
            if row.amount != capture.amount || row.refunded != capture.refunded {
                open.append("\(capture.transaction): \(capture) in the ledger, \(row) in PostgreSQL")
            }
            let isEnded = row.status == "REFUNDED" || row.status == "SUCCEEDED" && row.bookingStatus == "CONFIRMED"
            if !isEnded { open.append("\(capture.transaction): \(row)") }
            kept[capture.booking, default: 0] += capture.amount - capture.refunded
        }
        for row in payments.values where row.bookingStatus == "CONFIRMED" && !row.isStray {
            if kept[row.booking] != row.total {
                open.append("booking \(row.booking): costs \(row.total), kept \(kept[row.booking] ?? 0)")
            }
        }
        let sold = Set(payments.values.filter { $0.bookingStatus == "CONFIRMED" }.map(\.booking))
        for (booking, sum) in kept where sum != 0 && !sold.contains(booking) {
            open.append("booking \(booking): \(sum) kept without a sale")
        }
        return open + (try differences())
    }

    /// Differences between the counters of Redis and PostgreSQL.
    private func differences() throws -> [String] {
        let answer = try HTTPClient(port: world.cluster.ports[1]).send(
            "GET", "/v1/events/\(event.id)/availability")
        let tier = (answer.json["tiers"] as? [[String: Any]])?.first ?? [:]
        let live = "\(tier["held"] ?? "")|\(tier["sold"] ?? "")"
        let written =
            try world.cluster.postgres.rows(
                """
                SELECT t.held, t.sold, coalesce(sum(i.quantity) FILTER (WHERE b.status = 'CONFIRMED'), 0)
                FROM tiers t LEFT JOIN booking_items i ON i.tier_id = t.id LEFT JOIN bookings b ON b.id = i.booking_id
                WHERE t.id = '\(event.tier)' GROUP BY t.id
                """
            ).first ?? ""
        let sold = written.split(separator: "|").last ?? ""
        return written == "\(live)|\(sold)" && live.hasSuffix("|\(sold)")
            ? [] : ["Redis has \(live), PostgreSQL \(written)"]
    }
}
