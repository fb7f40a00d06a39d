import BoxOffice

/// A booking's record, byte by byte.
extension ModelBooking {
    /// The position of the outbox entry's id in a record.
    static let entryBytes = 10..<20

    /// The record with a zero entry id, as in entries and replies.
    var record: [UInt8] {
        ModelBytes.of { writer in
            writeHead(&writer)
            writer.text(user, length: 2)
            writeKey(&writer)
            writer.raw(currency)
            Self.write(items, &writer)
            writer.number(left.count, 1)
            for count in left { writer.number(isAnswerUnknown ? 0 : count, 4) }
            writeTail(&writer)
        }
    }

    private func writeHead(_ writer: inout ModelBytes) {
        writer.raw("b")
        writer.number(status.number, 1)
        writer.number((isOneShot ? 1 : 0) + (isAnswerUnknown ? 2 : 0), 1)
        writer.number(version, 3)
        writer.number(epoch, 4)
        writer.zeros(10)
        writer.id(event)
        writer.number(expires, 6)
        writer.number(deadline, 6)
        writer.number(attempts, 1)
        writer.number(extensions, 1)
        writer.number(created, 6)
        writer.number(updated, 6)
        writer.number(confirmed, 6)
    }

    private func writeKey(_ writer: inout ModelBytes) {
        guard let key else { return writer.zeros(32) }
        writer.id(key.digest)
        writer.id(key.fingerprint)
    }

    private static func write(_ items: [Item], _ writer: inout ModelBytes) {
        writer.number(items.count, 1)
        for item in items {
            writer.raw(item.seats.isEmpty ? "g" : "s")
            writer.id(item.tier)
            writer.number(item.quantity, 2)
            writer.number(item.price, 6)
            for seat in item.seats { writer.number(seat, 3) }
        }
    }

    /// Empty if there is neither a payment, nor a reason, nor a first answer.
    private func writeTail(_ writer: inout ModelBytes) {
        guard payment != nil || !reason.isEmpty || firstAnswer != nil else { return }
        writer.number(payment == nil ? 0 : 1, 1)
        if let payment {
            writer.id(payment.id)
            writer.number(payment.status.number, 1)
            writer.number(payment.amount, 6)
            writer.number(payment.refund, 6)
            writer.number(payment.refunded, 6)
            writer.text(payment.provider, length: 1)
            writer.text(payment.transaction, length: 2)
        }
        writer.text(reason, length: 1)
        writer.number(firstAnswer == nil ? 0 : 1, 1)
        if let firstAnswer {
            writer.number(firstAnswer.expires, 6)
            Self.write(firstAnswer.items, &writer)
        }
    }
}

extension BookingStatus {
    /// The number in a record.
    var number: Int {
        switch self {
        case .reserved: 1
        case .pendingPayment: 2
        case .confirmed: 3
        case .cancelled: 4
        case .expired: 5
        case .failed: 6
        }
    }
}

extension PaymentStatus {
    /// The number in a record.
    var number: Int {
        switch self {
        case .pending: 1
        case .succeeded: 2
        case .failed: 3
        case .refundDue: 4
        case .refunded: 5
        }
    }
}
