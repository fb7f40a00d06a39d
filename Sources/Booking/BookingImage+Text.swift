/// The text form of an image: 17 fields joined by `|`, as `lua/lib/booking.lua` reads and writes it.
///
/// ```
/// version|status|expiresAt|paymentDeadline|attempts|extensions|createdAt|updatedAt|confirmedAt|event|user|total|
/// currency|digest|tier,quantity,unitAmount,seat+seat;…|id,provider,transaction,status,amount,refund,refunded|reason
/// ```
/// Absent numbers are 0, absent texts empty. Free texts are escaped by `EscapedText`.
extension BookingImage {
    /// How many fields the text form has.
    public static let fieldCount = 17

    /// Reads the fields of the text form.
    ///
    /// - Returns: `nil` when a field is missing, malformed or of an unknown value.
    public init?(fields: ArraySlice<Substring>) {
        let field = Array(fields)
        guard field.count == Self.fieldCount,
            let version = Int64(field[0]), let status = BookingStatus(rawValue: String(field[1])),
            let expiresAt = Int64(field[2]), let deadline = Int64(field[3]), let attempts = Int(field[4]),
            let extensions = Int(field[5]), let createdAt = Int64(field[6]), let updatedAt = Int64(field[7]),
            let confirmedAt = Int64(field[8]), let event = EventID(field[9]),
            let user = EscapedText.decode(field[10]), let total = Int64(field[11]),
            let items = Self.items(field[14])
        else { return nil }
        let payment = BookingPayment(text: field[15])
        guard payment != nil || field[15].isEmpty else { return nil }
        self.init(
            version: version, status: status, expiresAt: expiresAt, paymentDeadline: deadline == 0 ? nil : deadline,
            attempts: attempts, extensions: extensions, createdAt: createdAt, updatedAt: updatedAt,
            confirmedAt: confirmedAt == 0 ? nil : confirmedAt, event: event, user: user, totalAmount: total,
            currency: String(field[12]), idempotencyDigest: field[13].isEmpty ? nil : String(field[13]),
            items: items, payment: payment, reason: field[16].isEmpty ? nil : String(field[16]))
    }

    /// Reads the text form; `nil` when it is malformed.
    public init?(text: some StringProtocol) {
        self.init(fields: Substring(text).split(separator: "|", omittingEmptySubsequences: false)[...])
    }

    /// The text form.
    public var text: String {
        let items = items.map(\.text).joined(separator: ";")
        return [
            String(version), status.rawValue, String(expiresAt), String(paymentDeadline ?? 0), String(attempts),
            String(extensions), String(createdAt), String(updatedAt), String(confirmedAt ?? 0), event.description,
            EscapedText.encode(user), String(totalAmount), currency, idempotencyDigest ?? "", items,
            payment?.text ?? "", reason ?? "",
        ].joined(separator: "|")
    }

    private static func items(_ text: Substring) -> [BookingItem]? {
        var items: [BookingItem] = []
        for part in text.split(separator: ";") {
            guard let item = BookingItem(text: part) else { return nil }
            items.append(item)
        }
        return items
    }
}

extension BookingItem {
    fileprivate init?(text: Substring) {
        let part = text.split(separator: ",", omittingEmptySubsequences: false)
        guard part.count == 4, let tier = TierID(part[0]), let quantity = Int(part[1]), quantity >= 1,
            let unitAmount = Int64(part[2])
        else { return nil }
        guard let seats = SeatPosition.list(part[3]) else { return nil }
        self.init(tier: tier, quantity: quantity, unitAmount: unitAmount, seats: seats)
    }

    fileprivate var text: String {
        "\(tier),\(quantity),\(unitAmount),\(SeatPosition.text(seats))"
    }
}

extension BookingPayment {
    fileprivate init?(text: Substring) {
        let part = text.split(separator: ",", omittingEmptySubsequences: false)
        guard part.count == 7, let id = PaymentID(part[0]), let transaction = EscapedText.decode(part[2]),
            let status = PaymentStatus(rawValue: String(part[3])), let amount = Int64(part[4]),
            let refund = Int64(part[5]), let refunded = Int64(part[6])
        else { return nil }
        self.init(
            id: id, provider: String(part[1]), transactionID: transaction.isEmpty ? nil : transaction,
            status: status, amount: amount, refundAmount: refund, refundedAmount: refunded)
    }

    fileprivate var text: String {
        let transaction = EscapedText.encode(transactionID ?? "")
        return "\(id),\(provider),\(transaction),\(status.rawValue),\(amount),\(refundAmount),\(refundedAmount)"
    }
}

/// Free text within a separated form: every byte but `[A-Za-z0-9._@:/~-]` becomes `%XX` (RFC 3986, section 2.1).
public enum EscapedText {
    /// Escapes `text`.
    public static func encode(_ text: String) -> String {
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

    /// Undoes `encode`; `nil` when `text` cannot come from it.
    public static func decode(_ text: Substring) -> String? {
        if text.utf8.allSatisfy(isPlain) { return String(text) }
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
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
