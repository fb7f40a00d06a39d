public import Booking

/// What one batch of a partition's outbox amounts to: one final image a booking, one state a payment, one capacity a tier.
public struct Batch: Sendable {
    /// A payment as a booking's version had it.
    public struct Payment: Sendable {
        /// Its booking.
        public let booking: BookingID
        /// The booking's version that said so.
        public let version: Int64
        /// ISO 4217.
        public let currency: String
        /// When that version was made, Unix milliseconds.
        public let at: Int64
        /// The payment.
        public let payment: BookingPayment
        /// Trace context and id of the request that said so.
        public let trace: String?
    }
    /// What the catalogue's side of a tier became.
    public struct Tier: Sendable {
        /// Units in all.
        public let capacity: Int
        /// Units off sale.
        public let blocked: Int
        /// Minor units, for one.
        public let unitAmount: Int64

        /// A tier's terms.
        public init(capacity: Int, blocked: Int, unitAmount: Int64) {
            self.capacity = capacity
            self.blocked = blocked
            self.unitAmount = unitAmount
        }
    }

    /// Final images.
    public private(set) var bookings: [BookingID: BookingImage] = [:]
    /// What their claims were answered, of those of which it is known.
    public private(set) var claimed: [BookingID: [UInt8]] = [:]
    /// Those of them whose first version is in the batch: PostgreSQL cannot have them, but where a version was persisted
    /// before its turn.
    private(set) var begun: Set<BookingID> = []
    /// Final states.
    public private(set) var payments: [PaymentID: Payment] = [:]
    /// Final terms.
    public private(set) var tiers: [TierID: Tier] = [:]
    /// Blocks that were made, and of which event.
    public private(set) var blocked: [(event: EventID, block: Block)] = []
    /// Blocks that were taken away.
    public private(set) var unblocked: [BlockID] = []

    /// Nothing yet.
    ///
    /// - Parameter capacity: versions of bookings that are to come; it need not be so many.
    public init(capacity: Int = 0) {
        bookings.reserveCapacity(capacity)
        claimed.reserveCapacity(capacity)
    }

    /// Whether there is nothing in it.
    public var isEmpty: Bool {
        bookings.isEmpty && payments.isEmpty && tiers.isEmpty && blocked.isEmpty && unblocked.isEmpty
    }

    /// Folds one transition in; later versions win.
    ///
    /// - Parameters:
    ///   - claimed: what the claim was answered, as the booking's record has it; `nil` when that is not known.
    ///   - trace: trace context and id of the request that caused it.
    public mutating func add(
        _ id: BookingID, _ image: BookingImage, claimed: [UInt8]? = nil, trace: String? = nil
    ) {
        if let known = bookings.updateValue(image, forKey: id), known.version >= image.version {
            bookings[id] = known
            return
        }
        if let claimed { self.claimed[id] = claimed }
        if image.version == 1 { begun.insert(id) }
        guard let payment = image.payment else { return }
        payments[payment.id] = Payment(
            booking: id, version: image.version, currency: image.currency, at: image.updatedAt, payment: payment,
            trace: trace ?? payments[payment.id]?.trace)
    }

    /// Payments that have an answer, so that PostgreSQL has them as a rule: their attempts were recorded before.
    var answeredPayments: [PaymentID] { payments.filter { $0.value.payment.status != .pending }.map(\.key) }

    /// Folds a tier's terms in; later ones win.
    public mutating func add(_ tier: TierID, _ terms: Tier) { tiers[tier] = terms }

    /// Adds a block that was made.
    public mutating func add(_ block: Block, of event: EventID) { blocked.append((event, block)) }

    /// Adds a block that was taken away.
    public mutating func remove(_ block: BlockID) { unblocked.append(block) }
}
