public import Booking

/// What a provider said of one of its transactions.
public struct ToldCharge: Sendable {
    /// The provider.
    public let provider: String
    /// The provider's name for it.
    public let transactionID: String
    /// The booking that it is for, as the provider says; there may be none.
    public let booking: BookingID
    /// The attempt.
    public let payment: PaymentID
    /// Minor units.
    public let amount: Int64
    /// ISO 4217.
    public let currency: String
    /// Whether the money was taken.
    public let isSuccess: Bool
    /// Trace context of whoever told it, and the request's id; empty for nobody's.
    public let trace: String

    /// What was said.
    public init(
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

/// What is known of a charge when a provider tells of it.
public enum Reception: Sendable {
    /// The message was dealt with before.
    case repeated
    /// The transaction is of another booking.
    case ofAnother
    /// The money goes back already.
    case goesBack
    /// The transaction is known to have succeeded; that it failed is old news.
    case outdated
    /// It is on record: its booking is to be told, of this attempt. It is kept when it was nobody's before.
    case recorded(ToldCharge, isKept: Bool)
}

/// A charge that waits for its end.
public struct OpenCharge: Sendable {
    /// The charge.
    public let charge: ToldCharge
    /// Whether it is not what its booking costs, as the provider told; asked, it may say otherwise.
    public let isDoubtful: Bool
    /// Whether it has waited long enough for a booking.
    public let isOver: Bool
}

extension ToldCharge {
    /// The same of another sum.
    public func with(amount: Int64, currency: String) -> ToldCharge {
        ToldCharge(
            provider: provider, transactionID: transactionID, booking: booking, payment: payment, amount: amount,
            currency: currency, isSuccess: isSuccess, trace: trace)
    }

    /// The same of another attempt.
    public func withPayment(_ payment: PaymentID) -> ToldCharge {
        ToldCharge(
            provider: provider, transactionID: transactionID, booking: booking, payment: payment, amount: amount,
            currency: currency, isSuccess: isSuccess, trace: trace)
    }
}
