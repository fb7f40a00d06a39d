/// What may happen to a booking after its claim. The functions in `lua/` decide which of them happens.
package enum BookingTrigger: String, Sendable, CaseIterable {
    /// The owner begins to pay, before the hold's end.
    case payStarts
    /// A charge of its whole amount succeeded; the units are held for it, or they are free and the limits still allow
    /// them.
    case succeeds
    /// A charge of its whole amount succeeded; the units are not held for it and not available any more.
    case succeedsTooLate
    /// The running attempt was declined; more attempts are left, and the hold's original end has not passed.
    case isDeclined
    /// The running attempt was declined, and the hold's original end has passed.
    case isDeclinedLate
    /// The last attempt was declined.
    case isDeclinedFinally
    /// The owner or an administrator cancels it, or the event is cancelled.
    case cancel
    /// The hold's time passed, or the provider was silent for 15 minutes past the attempt's deadline.
    case timePasses
}

extension BookingStatus {
    /// The status after a trigger.
    ///
    /// - Returns: `nil` if the trigger cannot occur in this status, or changes nothing: the status stays.
    package func after(_ trigger: BookingTrigger) -> BookingStatus? {
        switch (self, trigger) {
        case (.reserved, .payStarts): .pendingPayment
        // Also without an attempt of ours: a received payment counts.
        case (.reserved, .succeeds), (.pendingPayment, .succeeds): .confirmed
        case (.expired, .succeeds), (.failed, .succeeds): .confirmed
        case (.pendingPayment, .isDeclined): .reserved
        case (.pendingPayment, .isDeclinedLate): .expired
        case (.pendingPayment, .isDeclinedFinally): .failed
        case (.reserved, .cancel), (.pendingPayment, .cancel), (.confirmed, .cancel): .cancelled
        case (.reserved, .timePasses), (.pendingPayment, .timePasses): .expired
        case (.confirmed, _), (.cancelled, _), (.expired, _), (.failed, _), (.reserved, _), (.pendingPayment, _): nil
        }
    }
}

/// What may happen to a payment after its attempt began.
package enum PaymentTrigger: String, Sendable, CaseIterable {
    /// The money was taken, and the booking gets its units.
    case succeeds
    /// The money was taken, and the booking cannot get its units.
    case succeedsWithoutUnits
    /// The provider declined, or never received the charge.
    case fails
    /// All of the money must be refunded: the booking was cancelled.
    case requiresRefund
    /// A part of the money must be refunded, or was refunded.
    case isPartiallyRefunded
    /// All of the money was refunded.
    case isRefunded
}

extension PaymentStatus {
    /// The status after a trigger.
    ///
    /// - Returns: `nil` if the trigger cannot occur in this status, or changes nothing: the status stays.
    package func after(_ trigger: PaymentTrigger) -> PaymentStatus? {
        switch (self, trigger) {
        // A provider may revise a decline to a success, but never a success.
        case (.pending, .succeeds), (.failed, .succeeds): .succeeded
        case (.pending, .succeedsWithoutUnits), (.failed, .succeedsWithoutUnits): .refundDue
        case (.pending, .fails): .failed
        case (.succeeded, .requiresRefund): .refundDue
        case (.refundDue, .isRefunded): .refunded
        case (.pending, _), (.succeeded, _), (.failed, _), (.refundDue, _), (.refunded, _): nil
        }
    }

    /// Whether the provider took the money.
    package var isCharged: Bool { self == .succeeded || self == .refundDue || self == .refunded }
}
