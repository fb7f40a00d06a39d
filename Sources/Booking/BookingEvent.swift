/// What may happen to a booking, after its claim. Which of them it is, the scripts of `lua/` judge.
public enum BookingEvent: String, Sendable, CaseIterable {
    /// Its owner begins to pay; the hold's time has not passed.
    case payStarts
    /// A charge of its whole amount succeeded; the units are held for it, or free and the limits still allow them.
    case succeeds
    /// A charge of its whole amount succeeded; the units are not held for it, and they are gone.
    case succeedsTooLate
    /// The attempt under way was declined; others are left, and the hold's old time has not passed.
    case isDeclined
    /// The attempt under way was declined, and the hold's old time has passed.
    case isDeclinedLate
    /// The last attempt was declined.
    case isDeclinedForGood
    /// Its owner, an administrator or the event's cancellation gives it back.
    case cancel
    /// The hold's time passed, or the provider was silent for 15 minutes past the attempt's.
    case timePasses
}

extension BookingStatus {
    /// What a booking becomes.
    ///
    /// - Returns: `nil` when that cannot happen to it, or changes nothing: the status stays.
    public func after(_ event: BookingEvent) -> BookingStatus? {
        switch (self, event) {
        case (.reserved, .payStarts): .pendingPayment
        // Without an attempt of ours, too: money that came is money that came.
        case (.reserved, .succeeds), (.pendingPayment, .succeeds): .confirmed
        case (.expired, .succeeds), (.failed, .succeeds): .confirmed
        case (.pendingPayment, .isDeclined): .reserved
        case (.pendingPayment, .isDeclinedLate): .expired
        case (.pendingPayment, .isDeclinedForGood): .failed
        case (.reserved, .cancel), (.pendingPayment, .cancel), (.confirmed, .cancel): .cancelled
        case (.reserved, .timePasses), (.pendingPayment, .timePasses): .expired
        case (.confirmed, _), (.cancelled, _), (.expired, _), (.failed, _), (.reserved, _), (.pendingPayment, _): nil
        }
    }
}

/// What may happen to a payment, after its attempt began.
public enum PaymentEvent: String, Sendable, CaseIterable {
    /// The money was taken, and the booking has its units for it.
    case succeeds
    /// The money was taken, and the booking cannot have its units.
    case succeedsForNothing
    /// The provider declined, or never heard of it.
    case fails
    /// All of the money has to go back: the booking was cancelled.
    case hasToGoBack
    /// A part of it has to go back, or went back.
    case goesBackInPart
    /// All of it went back.
    case wentBack
}

extension PaymentStatus {
    /// What a payment becomes.
    ///
    /// - Returns: `nil` when that cannot happen to it, or changes nothing: the status stays.
    public func after(_ event: PaymentEvent) -> PaymentStatus? {
        switch (self, event) {
        // A provider may take back that it declined, never that it took.
        case (.pending, .succeeds), (.failed, .succeeds): .succeeded
        case (.pending, .succeedsForNothing), (.failed, .succeedsForNothing): .refundDue
        case (.pending, .fails): .failed
        case (.succeeded, .hasToGoBack): .refundDue
        case (.refundDue, .wentBack): .refunded
        case (.pending, _), (.succeeded, _), (.failed, _), (.refundDue, _), (.refunded, _): nil
        }
    }

    /// Whether the provider took the money.
    public var isCharged: Bool { self == .succeeded || self == .refundDue || self == .refunded }
}
