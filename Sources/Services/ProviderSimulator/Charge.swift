import BoxOffice
import JSON

/// A charge in the provider's ledger. The card or token is not stored.
struct Charge: Equatable {
    enum Outcome: Equatable {
        case succeeded
        case declined(code: String)
        /// The money is charged at this time, Unix milliseconds.
        case later(Int64)
    }

    let key: PaymentID
    let booking: UUIDBytes
    /// Minor units requested.
    let asked: Int64
    /// Minor units charged.
    let amount: Int64
    let currency: String
    let outcome: Outcome
    /// Minor units refunded in total.
    var refunded: Int64 = 0
    /// Refunds that moved money.
    var refunds: Int64 = 0
    /// Whether a callback was acknowledged.
    var isTold = false

    var transactionID: String { "ps_\(key)" }

    /// The status at a time, Unix milliseconds.
    func status(now: Int64) -> String {
        switch outcome {
        case .succeeded: "succeeded"
        case .declined: "declined"
        case .later(let time): now < time ? "pending" : "succeeded"
        }
    }

    /// Writes the charge as in responses and `GET /ledger`.
    func write(to json: inout JSONWriter, now: Int64) {
        json.beginObject()
        json.member("key", key.description)
        json.member("bookingId", booking.description)
        json.member("transactionId", transactionID)
        json.member("status", status(now: now))
        if case .declined(let code) = outcome { json.member("code", code) }
        json.member("amount", amount)
        json.member("currency", currency)
        json.member("refunded", refunded)
        json.member("refunds", refunds)
        json.endObject()
    }
}

/// A line of the ledger file.
enum LedgerLine {
    case charge(Charge)
    case refund(PaymentID, to: Int64)
    case told(PaymentID)

    var text: String {
        switch self {
        case .refund(let key, let to): return "refund \(key) \(to)"
        case .told(let key): return "told \(key)"
        case .charge(let charge):
            let outcome =
                switch charge.outcome {
                case .succeeded: "succeeded -"
                case .declined(let code): "declined \(code)"
                case .later(let time): "later \(time)"
                }
            let amounts = "\(charge.asked) \(charge.amount) \(charge.currency)"
            return "charge \(charge.key) \(charge.booking) \(amounts) \(outcome)"
        }
    }

    init?(_ text: Substring) {
        let part = text.split(separator: " ")
        guard part.count >= 2, let key = PaymentID(part[1]) else { return nil }
        switch part[0] {
        case "told" where part.count == 2: self = .told(key)
        case "refund" where part.count == 3:
            guard let to = Int64(part[2]) else { return nil }
            self = .refund(key, to: to)
        case "charge" where part.count == 8:
            guard let charge = Self.charge(key, part.map { String($0) }) else { return nil }
            self = .charge(charge)
        default: return nil
        }
    }

    private static func charge(_ key: PaymentID, _ part: [String]) -> Charge? {
        guard let booking = UUIDBytes(part[2]), let asked = Int64(part[3]), let amount = Int64(part[4]) else {
            return nil
        }
        let outcome: Charge.Outcome
        switch part[6] {
        case "succeeded": outcome = .succeeded
        case "declined": outcome = .declined(code: part[7])
        case "later":
            guard let time = Int64(part[7]) else { return nil }
            outcome = .later(time)
        default: return nil
        }
        return Charge(
            key: key, booking: booking, asked: asked, amount: amount, currency: part[5], outcome: outcome)
    }
}
