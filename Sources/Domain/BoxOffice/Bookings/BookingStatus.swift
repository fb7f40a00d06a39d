/// A booking's state.
package enum BookingStatus: String, Sendable, CaseIterable {
    /// Held until its deadline.
    case reserved = "RESERVED"
    /// A payment attempt runs; the units stay held.
    case pendingPayment = "PENDING_PAYMENT"
    /// Paid for; the units are sold.
    case confirmed = "CONFIRMED"
    /// Its time passed; the units were released.
    case expired = "EXPIRED"
    /// Cancelled by its owner, by an administrator or with the event.
    case cancelled = "CANCELLED"
    /// Its last payment attempt was declined; the units were released.
    case failed = "FAILED"

    /// Whether its units count as held.
    package var isHeld: Bool { self == .reserved || self == .pendingPayment }

    /// Whether it has units, held or sold.
    package var isLive: Bool { isHeld || self == .confirmed }

    /// Whether a booking can reach this status from an earlier one, in any number of steps: a confirmed booking stays
    /// confirmed or is cancelled.
    package func follows(_ earlier: BookingStatus) -> Bool {
        earlier != .confirmed || self == .confirmed || self == .cancelled
    }
}

/// A payment's state; separate from the booking's status.
package enum PaymentStatus: String, Sendable, CaseIterable {
    /// The provider was or will be asked, and has not answered.
    case pending = "PENDING"
    /// The money was taken.
    case succeeded = "SUCCEEDED"
    /// The provider declined.
    case failed = "FAILED"
    /// The money was taken and must be refunded.
    case refundDue = "REFUND_DUE"
    /// The money was refunded.
    case refunded = "REFUNDED"
}
