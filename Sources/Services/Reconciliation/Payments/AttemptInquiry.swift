import BoxOffice
import Payments
import Records
import Settlement

/// Looks up attempts whose charges were never answered, and applies the provider's answers to their bookings.
final class AttemptInquiry {
    private let payments: PaymentStore
    private let locator: BookingLocator
    private let recorder: ChargeRecorder

    init(payments: PaymentStore, locator: BookingLocator, recorder: ChargeRecorder) {
        self.payments = payments
        self.locator = locator
        self.recorder = recorder
    }

    /// Looks up an attempt, and applies the answer to its booking.
    ///
    /// - Returns: the provider's answer, for operators.
    func ask(_ due: DuePayment, _ gateway: any PaymentGateway, _ trace: String) async throws -> String {
        let row = due.row
        switch await gateway.lookup(key: row.key, trace: trace) {
        case .succeeded(let transaction, let amount, let currency):
            return try await succeeded(
                row, row.charge(transaction, amount: amount, currency: currency, trace), trace)
        case .declined(let code):
            try await end(row, "payment-declined", trace)
            return "declined: \(code)"
        case .notFound where due.isOld:
            try await end(row, "not-charged", trace)
            return "not found: ended"
        case .notFound: return "not found"
        case .pending: return "pending"
        case .unknown: return "no answer"
        }
    }

    private func succeeded(_ row: PaymentRow, _ charge: ReportedCharge, _ trace: String) async throws -> String {
        let (outcome, state) = try await recorder.apply(charge)
        // The provider itself confirms a charge that the booking cannot use: refund it without waiting.
        if state == .mismatch || state == .unmatched {
            // The refund is recorded before the attempt ends: an ended attempt is not asked about again.
            try await recorder.recordRefundDue(charge, try await locator.image(row.booking))
            try await end(row, "amount-mismatch", trace)
        }
        return "succeeded: \(outcome.rawValue)"
    }

    /// Ends an attempt for which no money was taken.
    private func end(_ row: PaymentRow, _ reason: String, _ trace: String) async throws {
        let charge = row.charge("", amount: row.payment.amount, currency: row.currency, trace)
        let outcome = try await recorder.failed(charge, reason: reason)
        // The booking has another attempt now, so the outbox will never contain the end of this one.
        if outcome == .ignored || outcome == .unmatched,
            try await locator.image(row.booking)?.payment?.id != row.payment.id
        {
            try await payments.endForgotten(row.payment.id)
        }
    }
}

extension PaymentRow {
    fileprivate func charge(
        _ transaction: String, amount: Int64, currency: String, _ trace: String
    ) -> ReportedCharge {
        ReportedCharge(
            provider: payment.provider, transactionID: transaction, booking: booking, payment: key, amount: amount,
            currency: currency, isSuccess: true, trace: trace)
    }
}
