import BoxOffice

/// A booking as designed. Times are in milliseconds; 0 means none, as in the record.
struct ModelBooking: Equatable {
    struct Item: Equatable {
        let tier: UUIDBytes
        var quantity: Int
        let price: Int
        /// Seat numbers, in order; empty for general admission.
        var seats: [Int] = []
    }

    struct Payment: Equatable {
        var id: UUIDBytes
        var provider: String
        var transaction: String
        var status: PaymentStatus
        var amount: Int
        /// Refunds due or made, in total.
        var refund = 0
        /// Refunds made.
        var refunded = 0

        /// Makes the whole amount due for refund; a charge of zero is refunded at once.
        mutating func oweAll() {
            refund = amount
            status = amount > 0 ? .refundDue : .refunded
        }

        /// Makes another part of the price due for refund, up to the charged amount.
        mutating func owe(_ price: Int) {
            let part = min(price, amount - refund)
            refund += part
            if part > 0, refund >= amount { status = .refundDue }
        }

        /// Whether money was captured, even if refunded since.
        var isCharged: Bool { status == .succeeded || status == .refundDue || status == .refunded }
    }

    /// Parts of the claim's answer that changed later.
    struct FirstAnswer: Equatable {
        let expires: Int
        let items: [Item]
    }

    /// A hold expires when its provider is silent for this long past the deadline.
    static let providerSilence = 15 * 60 * 1000

    let id: UUIDBytes
    let event: UUIDBytes
    let user: String
    let currency: String
    var key: ModelKey?
    /// Whether an idempotency record stores the answer to the booking's key.
    var isOneShot = false
    /// Whether the claim's answer is unknown; the tiers' remaining units are then zeros.
    var isAnswerUnknown = false
    var items: [Item]
    /// The remaining units of each claimed line's tier right after the claim.
    var left: [Int] = []
    var firstAnswer: FirstAnswer?
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
    /// The index of the booking's last entry in its partition's log; nil if PostgreSQL loaded it.
    var entry: Int?

    var tickets: Int { items.reduce(0) { $0 + $1.quantity } }
    var hasSeats: Bool { items.contains { !$0.seats.isEmpty } }
    var total: Int { items.reduce(0) { $0 + $1.quantity * $1.price } }

    /// When the booking's units are released without a request; nil for never.
    var lapses: Int? {
        switch status {
        case .reserved: expires
        case .pendingPayment: deadline + Self.providerSilence
        case .confirmed, .expired, .cancelled, .failed: nil
        }
    }

    /// Drops the claim's answer, as in rows of older versions in PostgreSQL.
    mutating func forgetAnswer() {
        isAnswerUnknown = true
        isOneShot = false
        firstAnswer = nil
        left = Array(repeating: 0, count: items.count)
    }

    /// Whether both are the same version of the same booking.
    func isSame(as other: ModelBooking) -> Bool {
        (version, status, expires, deadline, attempts) == (
            other.version, other.status, other.expires, other.deadline, other.attempts
        )
            && (extensions, created, updated, confirmed) == (
                other.extensions, other.created, other.updated, other.confirmed
            )
    }

    /// Stores the claim's answer before its first change.
    mutating func keepFirstAnswer() {
        firstAnswer = firstAnswer ?? FirstAnswer(expires: expires, items: items)
    }
}
