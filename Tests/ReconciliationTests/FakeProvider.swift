import BoxOffice
import Payments

/// A provider with scripted answers that records its requests. Lives on one loop.
final class FakeProvider: PaymentGateway {
    /// A requested refund.
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
    /// The traces of all lookups and refunds.
    private(set) var traces: [String] = []

    func charge(
        key: PaymentID, booking: BookingID, amount: Int64, currency: String, means: PaymentMeans, trace: String
    ) async -> ChargeAnswer { .unknown }

    func lookup(key: PaymentID, trace: String) async -> LookupAnswer {
        questions.append(key)
        traces.append(trace)
        return lookups[key] ?? .notFound
    }

    func refund(
        key: PaymentID, transactionID: String, from: Int64, to: Int64, currency: String, trace: String
    ) async -> RefundAnswer {
        refunds.append(Refund(key: key, from: from, to: to))
        traces.append(trace)
        do { try await duringRefund() } catch { return .unknown }
        return refundAnswer
    }
}
