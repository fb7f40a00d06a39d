package import BoxOffice

extension BookingRecord {
    /// Parses a record.
    ///
    /// - Returns: `nil` if it is malformed, or of the first form.
    package init?(_ bytes: ArraySlice<UInt8>) {
        var reader = ByteReader(bytes)
        guard reader.byte() == BookingLayout.mark, let status = BookingStatus(code: reader.byte()) else { return nil }
        flags = Flags(rawValue: reader.byte())
        let version = reader.long(3)
        epoch = reader.long(4)
        let entry = StreamID(milliseconds: reader.long(6), sequence: reader.long(4))
        self.entry = entry == .zero ? nil : entry
        let event = EventID(reader.uuid())
        let (expires, deadline) = (reader.long(6), reader.long(6))
        let (attempts, extensions) = (reader.integer(1), reader.integer(1))
        let (created, updated, confirmed) = (reader.long(6), reader.long(6), reader.long(6))
        let user = UserID(stored: reader.text(length: 2))
        let key = ClaimKey(digest: reader.digest(), fingerprint: reader.digest())
        let currency = String(decoding: reader.take(3), as: UTF8.self)
        guard let items = reader.lines() else { return nil }
        left = reader.left()
        var payment: BookingPayment?
        var reason = ""
        firstAnswer = nil
        if !reader.isAtEnd {
            guard let tail = Tail(&reader) else { return nil }
            (payment, reason, firstAnswer) = (tail.payment, tail.reason, tail.firstAnswer)
        }
        guard reader.isWhole else { return nil }
        image = Booking(
            version: version, status: status, expiresAt: expires, paymentDeadline: deadline == 0 ? nil : deadline,
            attempts: attempts, extensions: extensions, createdAt: created, updatedAt: updated,
            confirmedAt: confirmed == 0 ? nil : confirmed, event: event, user: user,
            totalAmount: items.reduce(0) { $0 &+ $1.amount }, currency: currency, key: key.digest == .zero ? nil : key,
            items: items, payment: payment, reason: reason.isEmpty ? nil : reason)
    }

    /// The end of the record of a booking that has changed since its claim.
    private struct Tail {
        let payment: BookingPayment?
        let reason: String
        let firstAnswer: FirstAnswer?

        init?(_ reader: inout ByteReader) {
            switch reader.byte() {
            case 0: payment = nil
            case 1:
                guard let read = BookingPayment(&reader) else { return nil }
                payment = read
            default: return nil
            }
            reason = reader.text(length: 1)
            guard let answer = FirstAnswer.optional(&reader) else { return nil }
            firstAnswer = answer
        }
    }

    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(256)
        append(to: &bytes)
        return bytes
    }

    package func append(to bytes: inout [UInt8]) {
        appendHead(to: &bytes)
        bytes.append(text: image.user.text, length: 2)
        bytes.append(image.key?.digest ?? .zero)
        bytes.append(image.key?.fingerprint ?? .zero)
        let currency = Array(image.currency.utf8.prefix(3))
        bytes += currency + repeatElement(UInt8(ascii: " "), count: 3 - currency.count)
        bytes.append(lines: image.items)
        appendLeft(to: &bytes)
        guard image.payment != nil || image.reason != nil || firstAnswer != nil else { return }
        if let payment = image.payment {
            bytes.append(1)
            payment.append(to: &bytes)
        } else {
            bytes.append(0)
        }
        bytes.append(text: image.reason ?? "", length: 1)
        appendFirstAnswer(to: &bytes)
    }

    private func appendHead(to bytes: inout [UInt8]) {
        bytes.append(BookingLayout.mark)
        bytes.append(image.status.code)
        bytes.append(flags.rawValue)
        bytes.append(image.version, width: 3)
        bytes.append(epoch, width: 4)
        bytes.append(entry?.milliseconds ?? 0, width: 6)
        bytes.append(entry?.sequence ?? 0, width: 4)
        bytes.append(image.event.uuid)
        bytes.append(image.expiresAt, width: 6)
        bytes.append(image.paymentDeadline ?? 0, width: 6)
        bytes.append(image.attempts, width: 1)
        bytes.append(image.extensions, width: 1)
        bytes.append(image.createdAt, width: 6)
        bytes.append(image.updatedAt, width: 6)
        bytes.append(image.confirmedAt ?? 0, width: 6)
    }
}

// MARK: - The claim's answer

extension BookingRecord {
    /// A record built from PostgreSQL's row.
    ///
    /// - Parameter claimed: the stored value of `claimed`; `nil` if it is unknown or malformed.
    package init(image: Booking, epoch: Int64, claimed: [UInt8]?) {
        self.init(
            image: image, epoch: epoch, entry: nil, flags: .answerUnknown,
            left: Array(repeating: 0, count: image.items.count), firstAnswer: nil)
        guard let claimed else { return }
        var reader = ByteReader(claimed[...])
        let flags = Flags(rawValue: reader.byte())
        let left = reader.left()
        guard let answer = FirstAnswer.optional(&reader), reader.isWhole,
            left.count == (answer?.items ?? image.items).count
        else { return }
        self.flags = flags
        self.left = left
        firstAnswer = answer
    }

    /// The part of the claim's answer that PostgreSQL stores so that the record can be rebuilt completely: the flags,
    /// the tiers' counts of units left, and the first answer, in the record's form; `nil` if the answer is unknown.
    package var claimed: [UInt8]? {
        guard !flags.contains(.answerUnknown) else { return nil }
        var bytes = [flags.rawValue]
        appendLeft(to: &bytes)
        appendFirstAnswer(to: &bytes)
        return bytes
    }

    private func appendLeft(to bytes: inout [UInt8]) {
        bytes.append(left.count, width: 1)
        for number in left { bytes.append(number, width: BookingLayout.leftWidth) }
    }

    private func appendFirstAnswer(to bytes: inout [UInt8]) {
        guard let firstAnswer else { return bytes.append(0) }
        bytes.append(1)
        bytes.append(firstAnswer.expiresAt, width: 6)
        bytes.append(lines: firstAnswer.items)
    }
}

extension BookingRecord.FirstAnswer {
    /// Parses a flag and, after 1, the answer; `nil` if it is malformed.
    fileprivate static func optional(_ reader: inout ByteReader) -> Self?? {
        switch reader.byte() {
        case 0: return .some(nil)
        case 1:
            let expires = reader.long(6)
            guard let items = reader.lines() else { return nil }
            return BookingRecord.FirstAnswer(expiresAt: expires, items: items)
        default: return nil
        }
    }
}

// MARK: - Parts

extension ByteReader {
    /// Parses a count and as many lines; `nil` if one is malformed.
    fileprivate mutating func lines() -> [BookingItem]? {
        let count = integer(1)
        var items: [BookingItem] = []
        items.reserveCapacity(count)
        for _ in 0..<count {
            let kind = byte()
            let tier = TierID(uuid())
            let (quantity, price) = (integer(2), long(6))
            guard isSound, quantity > 0, kind == BookingLayout.general || kind == BookingLayout.seated else {
                return nil
            }
            let seats = kind == BookingLayout.seated ? seats(quantity) : []
            items.append(BookingItem(tier: tier, quantity: quantity, unitAmount: price, seats: seats))
        }
        return items
    }

    fileprivate mutating func left() -> [Int] {
        let count = integer(1)
        guard count <= self.count / BookingLayout.leftWidth else {
            fail()
            return []
        }
        return (0..<count).map { _ in integer(BookingLayout.leftWidth) }
    }
}

extension [UInt8] {
    fileprivate mutating func append(lines items: [BookingItem]) {
        append(items.count, width: 1)
        for item in items {
            append(item.seats.isEmpty ? BookingLayout.general : BookingLayout.seated)
            append(item.tier.uuid)
            append(item.quantity, width: 2)
            append(item.unitAmount, width: 6)
            append(item.seats)
        }
    }
}

extension BookingPayment {
    fileprivate init?(_ reader: inout ByteReader) {
        let id = PaymentID(reader.uuid())
        guard let status = PaymentStatus(code: reader.byte()) else { return nil }
        let (amount, refund, refunded) = (reader.long(6), reader.long(6), reader.long(6))
        let provider = reader.text(length: 1)
        let transaction = reader.text(length: 2)
        self.init(
            id: id, provider: provider, transactionID: transaction.isEmpty ? nil : transaction, status: status,
            amount: amount, refundAmount: refund, refundedAmount: refunded)
    }

    fileprivate func append(to bytes: inout [UInt8]) {
        bytes.append(id.uuid)
        bytes.append(status.code)
        bytes.append(amount, width: 6)
        bytes.append(refundAmount, width: 6)
        bytes.append(refundedAmount, width: 6)
        bytes.append(text: provider, length: 1)
        bytes.append(text: transactionID ?? "", length: 2)
    }
}

extension BookingStatus {
    /// The code in a record.
    var code: UInt8 {
        switch self {
        case .reserved: 1
        case .pendingPayment: 2
        case .confirmed: 3
        case .cancelled: 4
        case .expired: 5
        case .failed: 6
        }
    }

    init?(code: UInt8) {
        switch code {
        case 1: self = .reserved
        case 2: self = .pendingPayment
        case 3: self = .confirmed
        case 4: self = .cancelled
        case 5: self = .expired
        case 6: self = .failed
        default: return nil
        }
    }
}

extension PaymentStatus {
    /// The code in a record.
    var code: UInt8 {
        switch self {
        case .pending: 1
        case .succeeded: 2
        case .failed: 3
        case .refundDue: 4
        case .refunded: 5
        }
    }

    init?(code: UInt8) {
        switch code {
        case 1: self = .pending
        case 2: self = .succeeded
        case 3: self = .failed
        case 4: self = .refundDue
        case 5: self = .refunded
        default: return nil
        }
    }
}
