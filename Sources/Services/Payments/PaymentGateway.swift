package import BoxOffice

/// The card or token that a customer pays with. Kept for the duration of the request; never stored, never logged.
package struct PaymentMeans: Sendable {
    /// The card number, or the provider's token for it.
    package let secret: String

    package init(secret: String) { self.secret = secret }
}

/// The outcome of a charge.
package enum ChargeAnswer: Sendable, Equatable {
    /// The money was charged; with the provider's transaction id.
    case succeeded(transactionID: String)
    /// The money was not charged; with the provider's code.
    case declined(code: String)
    /// The provider will report the outcome later.
    case pending
    /// No valid response: the money may or may not have been charged.
    case unknown
}

/// The outcome of a look-up.
package enum LookupAnswer: Sendable, Equatable {
    /// The money was charged; the amount is in minor units.
    case succeeded(transactionID: String, amount: Int64, currency: String)
    /// The money was not charged; with the provider's code.
    case declined(code: String)
    /// The provider has no outcome yet.
    case pending
    /// The provider has no such charge.
    case notFound
    /// No valid response.
    case unknown
}

/// The outcome of a refund.
package enum RefundAnswer: Sendable, Equatable {
    /// The money was refunded, now or before.
    case refunded
    /// The money was not refunded; with the provider's code.
    case refused(code: String)
    /// No valid response: the money may or may not have been refunded.
    case unknown
}

/// A payment provider that charges and refunds money.
package protocol PaymentGateway: AnyObject {
    /// The provider's name, of characters `[a-z0-9-]`.
    var name: String { get }

    /// Charges money, once for a key.
    ///
    /// - Parameters:
    ///   - key: the attempt, and the provider's idempotency key: a key always identifies the same charge.
    ///   - amount: minor units.
    ///   - currency: ISO 4217.
    ///   - trace: trace context of the paying request, optionally followed by more; empty without a request.
    func charge(
        key: PaymentID, booking: BookingID, amount: Int64, currency: String, means: PaymentMeans, trace: String
    ) async -> ChargeAnswer

    /// Looks up the outcome of an attempt.
    func lookup(key: PaymentID, trace: String) async -> LookupAnswer

    /// Refunds money: raises the refunded total of a charge. `key` and `to` together are the idempotency key, so
    /// retries refund once.
    ///
    /// - Parameters:
    ///   - from: the total refunded before, in minor units.
    ///   - to: the total refunded afterwards, in minor units.
    func refund(
        key: PaymentID, transactionID: String, from: Int64, to: Int64, currency: String, trace: String
    ) async -> RefundAnswer
}
