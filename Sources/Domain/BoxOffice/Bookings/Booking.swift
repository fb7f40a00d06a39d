/// One line of a booking: units of one tier at one price.
package struct BookingItem: Hashable, Sendable {
    package let tier: TierID
    /// Units, at least 1.
    package let quantity: Int
    /// Minor units of the booking's currency, per unit.
    package let unitAmount: Int64
    /// In order; empty for general admission.
    package let seats: [SeatPosition]

    package init(tier: TierID, quantity: Int, unitAmount: Int64, seats: [SeatPosition] = []) {
        self.tier = tier
        self.quantity = quantity
        self.unitAmount = unitAmount
        self.seats = seats
    }
}

/// A booking's last payment attempt.
package struct BookingPayment: Hashable, Sendable {
    /// Identifies the attempt; also the idempotency key sent to the provider.
    package var id: PaymentID
    /// The provider's name, of `[a-z0-9-]`.
    package var provider: String
    /// The provider's id of the charge, once it has one.
    package var transactionID: String?
    package var status: PaymentStatus
    /// Minor units of the booking's currency.
    package var amount: Int64
    /// Minor units to refund, in all; includes those already refunded.
    package var refundAmount: Int64
    /// Minor units already refunded.
    package var refundedAmount: Int64

    package init(
        id: PaymentID, provider: String, transactionID: String?, status: PaymentStatus, amount: Int64,
        refundAmount: Int64 = 0, refundedAmount: Int64 = 0
    ) {
        self.id = id
        self.provider = provider
        self.transactionID = transactionID
        self.status = status
        self.amount = amount
        self.refundAmount = refundAmount
        self.refundedAmount = refundedAmount
    }
}

/// A booking at one version, complete: what Redis stores, the outbox transports and PostgreSQL stores.
///
/// Times are Unix milliseconds of Redis's clock.
package struct Booking: Hashable, Sendable {
    /// Payment attempts that a hold allows; `lua/lib/payments.lua` has the same number.
    package static let attemptLimit = 3

    /// Rises by one with every transition, from 1.
    package var version: Int64
    package var status: BookingStatus
    /// When the hold expires or expired.
    package var expiresAt: Int64
    /// Deadline of the running payment attempt; `nil` without one.
    package var paymentDeadline: Int64?
    /// Payment attempts begun.
    package var attempts: Int
    /// Extensions granted.
    package var extensions: Int
    /// When it was claimed.
    package var createdAt: Int64
    /// When this version was made.
    package var updatedAt: Int64
    /// When it was confirmed, if ever.
    package var confirmedAt: Int64?
    package var event: EventID
    package var user: UserID
    /// Minor units, over all items.
    package var totalAmount: Int64
    /// ISO 4217.
    package var currency: String
    /// The idempotency key it was claimed with.
    package var key: ClaimKey?
    /// Its lines, one per tier.
    package var items: [BookingItem]
    /// Its last payment attempt.
    package var payment: BookingPayment?
    /// Why it ended, as a kebab-case code.
    package var reason: String?

    package init(
        version: Int64, status: BookingStatus, expiresAt: Int64, paymentDeadline: Int64?, attempts: Int,
        extensions: Int, createdAt: Int64, updatedAt: Int64, confirmedAt: Int64?, event: EventID, user: UserID,
        totalAmount: Int64, currency: String, key: ClaimKey?, items: [BookingItem],
        payment: BookingPayment?, reason: String?
    ) {
        self.version = version
        self.status = status
        self.expiresAt = expiresAt
        self.paymentDeadline = paymentDeadline
        self.attempts = attempts
        self.extensions = extensions
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.confirmedAt = confirmedAt
        self.event = event
        self.user = user
        self.totalAmount = totalAmount
        self.currency = currency
        self.key = key
        self.items = items
        self.payment = payment
        self.reason = reason
    }
}

extension Booking {
    /// Whether any of its lines has named seats.
    package var hasSeats: Bool { items.contains { !$0.seats.isEmpty } }
}
