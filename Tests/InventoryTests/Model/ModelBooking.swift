import Booking

/// A booking as the design has it. Times are milliseconds; 0 stands for none, as in the record.
struct ModelBooking: Equatable {
    struct Item: Equatable {
        let tier: UUIDBytes
        var quantity: Int
        let price: Int
        /// By their numbers, in order; none in a tier of general admission.
        var seats: [Int] = []
    }

    struct Payment: Equatable {
        var id: UUIDBytes
        var provider: String
        var transaction: String
        var status: PaymentStatus
        var amount: Int
        /// What has to be refunded, or was, in all.
        var refund = 0
        /// What was refunded.
        var refunded = 0

        /// All of it has to be refunded; a charge of nothing is refunded at once.
        mutating func oweAll() {
            refund = amount
            status = amount > 0 ? .refundDue : .refunded
        }

        /// A part of the price has to be refunded as well, as far as it was charged.
        mutating func owe(_ price: Int) {
            let part = min(price, amount - refund)
            refund += part
            if part > 0, refund >= amount { status = .refundDue }
        }

        /// Whether money was taken, whatever became of it.
        var isCharged: Bool { status == .succeeded || status == .refundDue || status == .refunded }
    }

    /// What the claim answered and later changed.
    struct FirstAnswer: Equatable {
        let expires: Int
        let items: [Item]
    }

    /// A provider silent for this long past its deadline loses its hold.
    static let providerSilence = 15 * 60 * 1000

    let id: UUIDBytes
    let event: UUIDBytes
    let user: String
    let currency: String
    var key: ModelKey?
    /// Whether the answer to its key is in an idempotency record.
    var isOneShot = false
    /// Whether what its claim answered is not known: zeros stand for what its tiers had left.
    var isAnswerUnknown = false
    var items: [Item]
    /// What the tier of each claimed line had left right after the claim.
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
    /// Its last entry's place in its partition's log; nil when PostgreSQL loaded it.
    var entry: Int?

    var tickets: Int { items.reduce(0) { $0 + $1.quantity } }
    var hasSeats: Bool { items.contains { !$0.seats.isEmpty } }
    var total: Int { items.reduce(0) { $0 + $1.quantity * $1.price } }

    /// When its units are released though nobody asks for it; nil when they are not.
    var lapses: Int? {
        switch status {
        case .reserved: expires
        case .pendingPayment: deadline + Self.providerSilence
        case .confirmed, .expired, .cancelled, .failed: nil
        }
    }

    /// Forgets what the claim answered, as PostgreSQL has bookings of older versions.
    mutating func forgetAnswer() {
        isAnswerUnknown = true
        isOneShot = false
        firstAnswer = nil
        left = Array(repeating: 0, count: items.count)
    }

    /// Whether it is the same version of the same.
    func isSame(as other: ModelBooking) -> Bool {
        (version, status, expires, deadline, attempts) == (
            other.version, other.status, other.expires, other.deadline, other.attempts
        )
            && (extensions, created, updated, confirmed) == (
                other.extensions, other.created, other.updated, other.confirmed
            )
    }

    /// Keeps what the claim answered, before the first change of it.
    mutating func keepFirstAnswer() {
        firstAnswer = firstAnswer ?? FirstAnswer(expires: expires, items: items)
    }
}
