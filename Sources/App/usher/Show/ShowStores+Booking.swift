import BoxOffice
import PostgresClient
import Records
import SeatInventory

extension ShowStores {
    /// A booking: the record in Redis, field by field, and PostgreSQL's row.
    func booking(_ id: BookingID) async throws -> String {
        let redis = try await inventory?.shown(id)
        let row = if let pool { try await BookingStore(pool: pool).booking(id) } else { BookingRow?.none }
        guard redis != nil || row != nil else { throw Failure("There is no booking \(id).") }
        let (left, right) = (redis?.record.image, row?.image)
        var table = ShowTable()
        func add(_ name: String, _ value: (Booking) -> String) {
            table.add(name, left.map(value), right.map(value))
        }
        func time(_ value: Int64?) -> String { ShowTable.time(value) ?? "none" }
        add("status") { $0.status.rawValue }
        add("version") { "\($0.version)" }
        if let redis { note(redis, &table) }
        add("event") { "\($0.event)" }
        add("user") { "\($0.user)" }
        add("created") { time($0.createdAt) }
        add("updated") { time($0.updatedAt) }
        add("expires") { time($0.expiresAt) }
        add("payment deadline") { time($0.paymentDeadline) }
        add("confirmed") { time($0.confirmedAt) }
        add("attempts, extensions") { "\($0.attempts), \($0.extensions)" }
        add("total (minor units)") { "\($0.totalAmount) \($0.currency)" }
        add("reason") { $0.reason ?? "none" }
        add("key") { $0.key.map { "\($0)" } ?? "none" }
        for index in 0..<max(left?.items.count ?? 0, right?.items.count ?? 0) {
            func line(_ image: Booking?) -> String? {
                image.flatMap { $0.items.indices.contains(index) ? Self.line($0.items[index]) : nil }
            }
            table.add("line \(index + 1)", line(left), line(right))
        }
        add("payment") { $0.payment.map(Self.payment) ?? "none" }
        if let redis { noteClaim(redis.record, &table) }
        table.note("claim's response", postgres: row.map { $0.claimed == nil ? "unknown" : "stored" })
        return text("booking \(id) (partition \(id.partition.number))", table)
    }

    private func note(_ booking: ShownBooking, _ table: inout ShowTable) {
        let record = booking.record
        let epoch =
            record.epoch == booking.epoch ? "\(record.epoch)" : "\(record.epoch), its partition has \(booking.epoch)"
        table.note("epoch", redis: epoch)
        table.note("entry", redis: record.entry.map { "\($0)" } ?? "none: loaded from PostgreSQL")
        table.note("persisted", redis: booking.isPersisted ? "yes" : "not acknowledged")
        table.note("leaves Redis", redis: booking.lifetime.map { "in \($0 / 1000) s" } ?? "no expiry")
    }

    /// Adds what only the record in Redis stores about the claim.
    private func noteClaim(_ record: BookingRecord, _ table: inout ShowTable) {
        if record.flags.contains(.oneShot) { table.note("claimed", redis: "by a one-shot request") }
        table.note(
            "left after the claim",
            redis: record.flags.contains(.answerUnknown)
                ? "unknown" : record.left.map(String.init).joined(separator: ", "))
        guard let first = record.firstAnswer else { return }
        table.note("first expiry", redis: ShowTable.time(first.expiresAt))
        for (index, item) in first.items.enumerated() { table.note("first line \(index + 1)", redis: Self.line(item)) }
    }

    private static func line(_ item: BookingItem) -> String {
        let seats =
            item.seats.isEmpty ? "" : ", seats " + item.seats.map { "\($0.row)/\($0.place)" }.joined(separator: " ")
        return "\(item.quantity) of \(item.tier) at \(item.unitAmount)\(seats)"
    }

    private static func payment(_ payment: BookingPayment) -> String {
        let parts = [
            payment.status.rawValue, "\(payment.amount)",
            payment.refundAmount > 0 ? "to refund \(payment.refundAmount), refunded \(payment.refundedAmount)" : nil,
            "by \(payment.provider)", payment.transactionID.map { "transaction \($0)" }, "id \(payment.id)",
        ]
        return parts.compactMap(\.self).joined(separator: ", ")
    }
}
