/// Where a booking is in its life.
public enum BookingStatus: String, Sendable, CaseIterable {
    /// Held until its deadline.
    case reserved = "RESERVED"
    /// A payment attempt runs; the units stay held.
    case pendingPayment = "PENDING_PAYMENT"
    /// Paid for; the units are sold.
    case confirmed = "CONFIRMED"
    /// Its time passed; the units went back.
    case expired = "EXPIRED"
    /// Given back by its owner, an administrator or the event's cancellation.
    case cancelled = "CANCELLED"
    /// Its last payment attempt was declined; the units went back.
    case failed = "FAILED"

    /// Whether its units count as held.
    public var isHeld: Bool { self == .reserved || self == .pendingPayment }

    /// Whether it owns units, held or sold.
    public var isLive: Bool { isHeld || self == .confirmed }

    /// Whether a booking can come to this from another status, in however many steps: what is confirmed stays so, or is
    /// cancelled.
    public func follows(_ earlier: BookingStatus) -> Bool {
        earlier != .confirmed || self == .confirmed || self == .cancelled
    }
}

/// Where a payment is in its life; apart from the booking's status.
public enum PaymentStatus: String, Sendable, CaseIterable {
    /// The provider has been or will be asked, and has not answered.
    case pending = "PENDING"
    /// The money was taken.
    case succeeded = "SUCCEEDED"
    /// The provider declined.
    case failed = "FAILED"
    /// The money was taken and has to go back.
    case refundDue = "REFUND_DUE"
    /// The money went back.
    case refunded = "REFUNDED"
}
