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

/// Somebody who takes money.
public protocol PaymentGateway: AnyObject {
    /// Names the provider, of `[a-z0-9-]`.
    var name: String { get }

    /// Takes money once, however often it is asked under the same key.
    ///
    /// - Parameters:
    ///   - key: the provider's idempotency key: the payment's id.
    ///   - amount: minor units.
    ///   - currency: ISO 4217.
    func charge(key: PaymentID, amount: Int64, currency: String, means: PaymentMeans) async -> ChargeAnswer
}
