/// The text form of an image: 17 fields joined by `|`, as Redis stored it in the first form of its data.
///
/// ```
/// version|status|expiresAt|paymentDeadline|attempts|extensions|createdAt|updatedAt|confirmedAt|event|user|total|
/// currency|digest|tier,quantity,unitAmount,seat+seat;…|id,provider,transaction,status,amount,refund,refunded|reason
/// ```
/// Absent numbers are 0, absent texts empty. Free texts are escaped by `EscapedText`.
extension Booking {
    /// Number of fields in the text form.
    package static let fieldCount = 17

    /// Reads the next 17 fields; more may follow.
    ///
    /// - Returns: `nil` if a field is missing, malformed or has an unknown value.
    package init?(_ reader: inout FieldReader) {
        guard let version = reader.integer(Int64.self),
            let status = reader.text().flatMap(BookingStatus.init(rawValue:)),
            let expiresAt = reader.integer(Int64.self), let deadline = reader.integer(Int64.self),
            let attempts = reader.integer(Int.self), let extensions = reader.integer(Int.self),
            let createdAt = reader.integer(Int64.self), let updatedAt = reader.integer(Int64.self),
            let confirmedAt = reader.integer(Int64.self), let event = reader.next().flatMap(UUIDBytes.init(utf8:)),
            let user = reader.next().flatMap(EscapedText.decode).map(UserID.init(stored:)),
            let total = reader.integer(Int64.self),
            let currency = reader.text(), let digest = reader.text(),
            let items = reader.next().flatMap(BookingItem.list),
            let paymentText = reader.next(), let reason = reader.text()
        else { return nil }
        let payment = BookingPayment(text: paymentText)
        guard payment != nil || paymentText.isEmpty else { return nil }
        self.init(
            version: version, status: status, expiresAt: expiresAt, paymentDeadline: deadline == 0 ? nil : deadline,
            attempts: attempts, extensions: extensions, createdAt: createdAt, updatedAt: updatedAt,
            confirmedAt: confirmedAt == 0 ? nil : confirmedAt, event: EventID(event), user: user, totalAmount: total,
            currency: currency, key: ClaimKey(digest), items: items, payment: payment,
            reason: reason.isEmpty ? nil : reason)
    }

    /// Parses the text form; `nil` if it is malformed.
    package init?(text: String) { self.init(utf8: Array(text.utf8)[...]) }

    /// Parses the text form from UTF-8 bytes.
    package init?(utf8 text: ArraySlice<UInt8>) {
        var reader = FieldReader(text, separator: "|")
        self.init(&reader)
        guard reader.isAtEnd else { return nil }
    }

    package var text: String {
        let items = items.map(\.text).joined(separator: ";")
        return [
            String(version), status.rawValue, String(expiresAt), String(paymentDeadline ?? 0), String(attempts),
            String(extensions), String(createdAt), String(updatedAt), String(confirmedAt ?? 0), event.description,
            EscapedText.encode(user.text), String(totalAmount), currency, key?.description ?? "", items,
            payment?.text ?? "", reason ?? "",
        ].joined(separator: "|")
    }
}

extension BookingItem {
    /// Parses an image's items, joined by `;`; `nil` if one is malformed.
    package static func list(_ text: ArraySlice<UInt8>) -> [BookingItem]? {
        var items: [BookingItem] = []
        guard !text.isEmpty else { return items }
        var reader = FieldReader(text, separator: ";")
        while let part = reader.next() {
            guard let item = BookingItem(text: part) else { return nil }
            items.append(item)
        }
        return items
    }

    fileprivate init?(text: ArraySlice<UInt8>) {
        var reader = FieldReader(text, separator: ",")
        guard let tier = reader.next().flatMap(UUIDBytes.init(utf8:)), let quantity = reader.integer(Int.self),
            quantity >= 1, let unitAmount = reader.integer(Int64.self),
            let seats = reader.next().flatMap(SeatPosition.list),
            reader.isAtEnd
        else { return nil }
        self.init(tier: TierID(tier), quantity: quantity, unitAmount: unitAmount, seats: seats)
    }

    fileprivate var text: String {
        "\(tier),\(quantity),\(unitAmount),\(SeatPosition.text(seats))"
    }
}

extension BookingPayment {
    fileprivate init?(text: ArraySlice<UInt8>) {
        var reader = FieldReader(text, separator: ",")
        guard let id = reader.next().flatMap(UUIDBytes.init(utf8:)), let provider = reader.text(),
            let transaction = reader.next().flatMap(EscapedText.decode),
            let status = reader.text().flatMap(PaymentStatus.init(rawValue:)),
            let amount = reader.integer(Int64.self), let refund = reader.integer(Int64.self),
            let refunded = reader.integer(Int64.self), reader.isAtEnd
        else { return nil }
        self.init(
            id: PaymentID(id), provider: provider, transactionID: transaction.isEmpty ? nil : transaction,
            status: status, amount: amount, refundAmount: refund, refundedAmount: refunded)
    }

    fileprivate var text: String {
        let transaction = EscapedText.encode(transactionID ?? "")
        return "\(id),\(provider),\(transaction),\(status.rawValue),\(amount),\(refundAmount),\(refundedAmount)"
    }
}

/// Free text within a separated form: every byte except `[A-Za-z0-9._@:/~-]` becomes `%XX` (RFC 3986, section 2.1).
package enum EscapedText {
    package static func encode(_ text: String) -> String {
        if text.utf8.allSatisfy(isPlain) { return text }
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if isPlain(byte) {
                bytes.append(byte)
            } else {
                bytes.append(UInt8(ascii: "%"))
                bytes.append(hex[Int(byte >> 4)])
                bytes.append(hex[Int(byte & 0xf)])
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Reverses `encode`; `nil` if `encode` cannot have produced `text`.
    package static func decode(_ text: ArraySlice<UInt8>) -> String? {
        if text.allSatisfy(isPlain) { return String(decoding: text, as: UTF8.self) }
        var bytes: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                guard isPlain(byte) else { return nil }
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap({ hex.firstIndex(of: $0) }),
                let low = rest.popFirst().flatMap({ hex.firstIndex(of: $0) })
            else { return nil }
            bytes.append(UInt8(high << 4 | low))
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static let hex = Array("0123456789ABCDEF".utf8)

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "@"),
            UInt8(ascii: ":"), UInt8(ascii: "/"), UInt8(ascii: "~"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
