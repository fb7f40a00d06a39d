package import BoxOffice

/// A provider's message about one of its transactions.
package struct ReportedCharge: Sendable {
    package let provider: String
    /// The provider's transaction id.
    package let transactionID: String
    /// The booking that the provider names; it may not exist.
    package let booking: BookingID
    /// The attempt.
    package let payment: PaymentID
    /// Minor units.
    package let amount: Int64
    /// ISO 4217.
    package let currency: String
    /// Whether the charge succeeded.
    package let isSuccess: Bool
    /// Trace context and id of the request that delivered the message; empty if there is none.
    package let trace: String

    package init(
        provider: String, transactionID: String, booking: BookingID, payment: PaymentID, amount: Int64,
        currency: String, isSuccess: Bool, trace: String = ""
    ) {
        self.provider = provider
        self.transactionID = transactionID
        self.booking = booking
        self.payment = payment
        self.amount = amount
        self.currency = currency
        self.isSuccess = isSuccess
        self.trace = trace
    }
}

/// The result of receiving a provider's message.
package enum ReportOutcome: Sendable {
    /// The message was already handled.
    case repeated
    /// The transaction belongs to another booking.
    case ofAnother
    /// The money is already being refunded.
    case refundDue
    /// The message reports a failure, but the transaction is known to have succeeded.
    case outdated
    /// Recorded: its booking must be updated, for this attempt. `isKept` if it was unmatched before.
    case recorded(ReportedCharge, isKept: Bool)
}

/// An unfinished charge.
package struct OpenCharge: Sendable {
    package let charge: ReportedCharge
    /// Whether the reported amount differs from the booking's total; the provider, when queried, may give another.
    package let isDoubtful: Bool
    /// Whether it has waited long enough for its booking.
    package let isOver: Bool
}

extension ReportedCharge {
    /// A copy with another amount.
    package func with(amount: Int64, currency: String) -> ReportedCharge {
        ReportedCharge(
            provider: provider, transactionID: transactionID, booking: booking, payment: payment, amount: amount,
            currency: currency, isSuccess: isSuccess, trace: trace)
    }

    /// A copy with another attempt.
    package func withPayment(_ payment: PaymentID) -> ReportedCharge {
        ReportedCharge(
            provider: provider, transactionID: transactionID, booking: booking, payment: payment, amount: amount,
            currency: currency, isSuccess: isSuccess, trace: trace)
    }
}
