package import BoxOffice

/// The net effect of one batch of a partition's outbox: one final image per booking, one state per payment, one set of
/// terms per tier.
package struct Batch: Sendable {
    /// A payment in a booking's version.
    package struct Payment: Sendable {
        package let booking: BookingID
        /// The booking's version that contains this state.
        package let version: Int64
        /// ISO 4217.
        package let currency: String
        /// When that version was created, Unix milliseconds.
        package let at: Int64
        package let payment: BookingPayment
        /// Trace context and id of the request that caused this state.
        package let trace: String?
    }
    /// The catalogue's terms of a tier.
    package struct Tier: Sendable {
        package let capacity: Int
        /// Units off sale.
        package let blocked: Int
        /// Price of one unit, in minor units.
        package let unitAmount: Int64

        package init(capacity: Int, blocked: Int, unitAmount: Int64) {
            self.capacity = capacity
            self.blocked = blocked
            self.unitAmount = unitAmount
        }
    }

    /// The final image of each booking.
    package private(set) var bookings: [BookingID: Booking] = [:]
    /// The answers to their claims, where known.
    package private(set) var claimed: [BookingID: [UInt8]] = [:]
    /// Bookings whose first version is in the batch: PostgreSQL cannot have them, unless a version was persisted out of
    /// order.
    private(set) var begun: Set<BookingID> = []
    /// The final state of each payment.
    package private(set) var payments: [PaymentID: Payment] = [:]
    /// The final terms of each tier.
    package private(set) var tiers: [TierID: Tier] = [:]
    /// Blocks that were created, with their events.
    package private(set) var blocked: [(event: EventID, block: Block)] = []
    /// Blocks that were removed.
    package private(set) var unblocked: [BlockID] = []

    /// An empty batch.
    ///
    /// - Parameter capacity: the expected number of booking versions; a hint.
    package init(capacity: Int = 0) {
        bookings.reserveCapacity(capacity)
        claimed.reserveCapacity(capacity)
    }

    package var isEmpty: Bool {
        bookings.isEmpty && payments.isEmpty && tiers.isEmpty && blocked.isEmpty && unblocked.isEmpty
    }

    /// Folds in one transition; the highest version wins.
    ///
    /// - Parameters:
    ///   - claimed: the answer to the claim, as in the booking's record; `nil` if unknown.
    ///   - trace: trace context and id of the request that caused the transition.
    package mutating func add(
        _ id: BookingID, _ image: Booking, claimed: [UInt8]? = nil, trace: String? = nil
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

    /// Payments that are not pending. As a rule PostgreSQL has them, because their attempts were persisted before.
    var answeredPayments: [PaymentID] { payments.filter { $0.value.payment.status != .pending }.map(\.key) }

    /// Folds in a tier's terms; the last ones win.
    package mutating func add(_ tier: TierID, _ terms: Tier) { tiers[tier] = terms }

    /// Adds a created block.
    package mutating func add(_ block: Block, of event: EventID) { blocked.append((event, block)) }

    /// Adds a removed block.
    package mutating func remove(_ block: BlockID) { unblocked.append(block) }
}
