import Booking

/// A booking as the design has it. Times are milliseconds; 0 stands for none, as in the text form.
struct ModelBooking: Equatable {
    struct Item: Equatable {
        let tier: String
        var quantity: Int
        let price: Int
        /// By their numbers, in order; none in a tier of general admission.
        var seats: [Int] = []

        var text: String { "\(tier),\(quantity),\(price),\(seats.map(String.init).joined(separator: "+"))" }
    }

    struct Payment: Equatable {
        var id: String
        var provider: String
        var transaction: String
        var status: PaymentStatus
        var amount: Int
        /// What has to go back, or went back, in all.
        var refund = 0
        /// What went back.
        var refunded = 0

        /// All of it has to go back; nothing is nothing to wait for.
        mutating func oweAll() {
            refund = amount
            status = amount > 0 ? .refundDue : .refunded
        }

        /// A part of the price has to go back as well, as far as it was taken.
        mutating func owe(_ price: Int) {
            let part = min(price, amount - refund)
            refund += part
            if part > 0, refund >= amount { status = .refundDue }
        }

        var text: String { "\(id),\(provider),\(transaction),\(status.rawValue),\(amount),\(refund),\(refunded)" }

        /// Whether money was taken, whatever became of it.
        var isCharged: Bool { status == .succeeded || status == .refundDue || status == .refunded }
    }

    /// A provider silent for this long past its deadline loses its hold.
    static let providerSilence = 15 * 60 * 1000

    let id: String
    let event: String
    let user: String
    let currency: String
    let digest: String
    var items: [Item]
    var version = 0
    var status = BookingStatus.reserved
    var expires: Int
    var deadline = 0
    var attempts = 0
    var extensions = 0
    let created: Int
    var updated = 0
    var confirmed = 0
    var payment: Payment?
    var reason = ""
    var epoch: Int
    /// Its last entry's place in its partition's log; nil when PostgreSQL put it back.
    var entry: Int?

    var tickets: Int { items.reduce(0) { $0 + $1.quantity } }
    var hasSeats: Bool { items.contains { !$0.seats.isEmpty } }
    var total: Int { items.reduce(0) { $0 + $1.quantity * $1.price } }

    /// When its units go back though nobody gives them back; nil when they do not.
    var lapses: Int? {
        switch status {
        case .reserved: expires
        case .pendingPayment: deadline + Self.providerSilence
        case .confirmed, .expired, .cancelled, .failed: nil
        }
    }

    var image: String {
        let lines = items.map(\.text).joined(separator: ";")
        return """
            \(version)|\(status.rawValue)|\(expires)|\(deadline)|\(attempts)|\(extensions)|\(created)|\(updated)|\
            \(confirmed)|\(event)|\(user)|\(total)|\(currency)|\(digest)|\(lines)|\(payment?.text ?? "")|\(reason)
            """
    }
}
