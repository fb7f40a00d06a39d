/// One line of a booking: units of one tier at one price.
public struct BookingItem: Hashable, Sendable {
    /// The tier.
    public let tier: TierID
    /// Units, at least 1.
    public let quantity: Int
    /// Minor units of the booking's currency, for one.
    public let unitAmount: Int64
    /// Seats, in order; empty for general admission.
    public let seats: [SeatPosition]

    /// One line.
    public init(tier: TierID, quantity: Int, unitAmount: Int64, seats: [SeatPosition] = []) {
        self.tier = tier
        self.quantity = quantity
        self.unitAmount = unitAmount
        self.seats = seats
    }
}

/// The payment a booking knows of: its last attempt.
public struct BookingPayment: Hashable, Sendable {
    /// Names the attempt; also the key under which the provider is asked.
    public var id: PaymentID
    /// The provider's name, of `[a-z0-9-]`.
    public var provider: String
    /// The provider's name for the charge, once it has one.
    public var transactionID: String?
    /// Where it is.
    public var status: PaymentStatus
    /// Minor units of the booking's currency.
    public var amount: Int64
    /// Minor units that have to go back, or went back, in all.
    public var refundAmount: Int64
    /// Minor units that went back.
    public var refundedAmount: Int64

    /// One attempt.
    public init(
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

/// Everything there is to know of a booking at one version: what Redis keeps, the outbox carries and PostgreSQL stores.
///
/// Times are Unix milliseconds of Redis's clock.
public struct BookingImage: Hashable, Sendable {
    /// Payment attempts that a hold allows; `lua/fail_payment.lua` has the same number.
    public static let attemptLimit = 3

    /// Rises by one with every transition, from 1.
    public var version: Int64
    /// Where it is in its life.
    public var status: BookingStatus
    /// When the hold lapses (lapsed).
    public var expiresAt: Int64
    /// Until when the running payment attempt may take; `nil` without one.
    public var paymentDeadline: Int64?
    /// Payment attempts begun.
    public var attempts: Int
    /// Extensions granted.
    public var extensions: Int
    /// When it was claimed.
    public var createdAt: Int64
    /// When this version was made.
    public var updatedAt: Int64
    /// When it was confirmed, if ever.
    public var confirmedAt: Int64?
    /// Its event.
    public var event: EventID
    /// Its owner.
    public var user: UserID
    /// Minor units, over all items.
    public var totalAmount: Int64
    /// ISO 4217.
    public var currency: String
    /// The idempotency key it was claimed with.
    public var key: ClaimKey?
    /// Its lines, one a tier.
    public var items: [BookingItem]
    /// Its last payment attempt.
    public var payment: BookingPayment?
    /// Why it ended, as a kebab-case code.
    public var reason: String?

    /// An image of these parts.
    public init(
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

extension BookingImage {
    /// Whether any of its lines has named seats.
    public var hasSeats: Bool { items.contains { !$0.seats.isEmpty } }
}
