public import Booking

/// What a customer pays with. Lives as long as the request; never stored, never logged.
public struct PaymentMeans: Sendable {
    /// The card's number or the provider's token for it.
    public let secret: String

    /// A card's number or a token.
    public init(secret: String) { self.secret = secret }
}

/// What a provider said to a charge.
public enum ChargeAnswer: Sendable, Equatable {
    /// The money was taken; the provider's name for it.
    case succeeded(transactionID: String)
    /// It was not; the provider's code.
    case declined(code: String)
    /// The provider will say later.
    case pending
    /// No answer: it may or may not have been taken.
    case unknown
}

/// What a provider knows of an attempt.
public enum LookupAnswer: Sendable, Equatable {
    /// The money was taken: so many minor units.
    case succeeded(transactionID: String, amount: Int64, currency: String)
    /// It was not; the provider's code.
    case declined(code: String)
    /// The provider does not know yet.
    case pending
    /// The provider never heard of it.
    case notFound
    /// No answer.
    case unknown
}

/// What a provider said to a refund.
public enum RefundAnswer: Sendable, Equatable {
    /// The money went back, now or before.
    case refunded
    /// It did not; the provider's code.
    case refused(code: String)
    /// No answer: it may or may not have gone back.
    case unknown
}

/// Somebody who takes money, and gives it back.
public protocol PaymentGateway: AnyObject {
    /// Names the provider, of `[a-z0-9-]`.
    var name: String { get }

    /// Takes money once, however often it is asked under the same key.
    ///
    /// - Parameters:
    ///   - key: the attempt, and the provider's idempotency key: the same key is the same charge for ever.
    ///   - amount: minor units.
    ///   - currency: ISO 4217.
    ///   - trace: trace context of whoever pays, and what may follow it; empty for nobody's.
    func charge(
        key: PaymentID, booking: BookingID, amount: Int64, currency: String, means: PaymentMeans, trace: String
    ) async -> ChargeAnswer

    /// What became of an attempt.
    func lookup(key: PaymentID, trace: String) async -> LookupAnswer

    /// Gives money back: raises what went back of a charge. The idempotency key is made of `key` and `to`, so that it is
    /// done once, however often it is asked.
    ///
    /// - Parameters:
    ///   - from: minor units that went back before, in all.
    ///   - to: minor units that are to have gone back, in all.
    func refund(
        key: PaymentID, transactionID: String, from: Int64, to: Int64, currency: String, trace: String
    ) async -> RefundAnswer
}
