import Booking
import Payments

/// A provider that says what a test wants, and remembers what it was asked. Lives on one loop.
final class FakeProvider: PaymentGateway {
    /// A refund that was asked for.
    struct Refund: Equatable {
        let key: PaymentID
        let from: Int64
        let to: Int64
    }

    let name = "p"
    var lookups: [PaymentID: LookupAnswer] = [:]
    var refundAnswer = RefundAnswer.refunded
    /// Called while a refund is being made.
    var duringRefund: () async throws -> Void = {}
    private(set) var refunds: [Refund] = []
    private(set) var questions: [PaymentID] = []

    func charge(
        key: PaymentID, booking: BookingID, amount: Int64, currency: String, means: PaymentMeans
    ) async -> ChargeAnswer { .unknown }

    func lookup(key: PaymentID) async -> LookupAnswer {
        questions.append(key)
        return lookups[key] ?? .notFound
    }

    func refund(
        key: PaymentID, transactionID: String, from: Int64, to: Int64, currency: String
    ) async -> RefundAnswer {
        refunds.append(Refund(key: key, from: from, to: to))
        do { try await duringRefund() } catch { return .unknown }
        return refundAnswer
    }
}
