import BoxOffice
import Payments
import Records
import SeatInventory
import Settlement

/// Requests due refunds from the provider.
final class RefundSender {
    private let inventory: Inventory
    private let payments: PaymentStore
    private let locator: BookingLocator
    private let report: ReconcilerReport

    init(inventory: Inventory, payments: PaymentStore, locator: BookingLocator, report: ReconcilerReport) {
        self.inventory = inventory
        self.payments = payments
        self.locator = locator
        self.report = report
    }

    /// Requests the refund total that was recorded when the payment was selected for settlement.
    ///
    /// - Returns: the provider's answer, for operators.
    func refund(_ due: DuePayment, _ gateway: any PaymentGateway, _ trace: String) async throws -> String {
        let row = due.row
        let answer = await gateway.refund(
            key: row.key, transactionID: row.payment.transactionID ?? "", from: row.payment.refundedAmount,
            to: due.refundAsked, currency: row.currency, trace: trace)
        switch answer {
        case .refunded:
            try await refunded(row, due.refundAsked, trace)
            report.counts.refunds += 1
            return "refunded: \(due.refundAsked)"
        case .refused(let code):
            try await refused(row, code, gateway, trace)
            return "refused: \(code)"
        case .unknown:
            return "no answer"
        }
    }

    private func refunded(_ row: PaymentRow, _ amount: Int64, _ trace: String) async throws {
        if row.isStray { return try await payments.refundedStray(row.payment.id, amount: amount) }
        let request = TransitionRequest(
            booking: row.booking, user: nil, awaitsAck: false, idempotency: nil, traceparent: trace)
        let outcome = try await locator.act(row.booking, user: nil) { [inventory] in
            try await inventory.refunded(request, payment: row.payment.id, amount: amount)
        }
        switch outcome {
        case .done, .already: break
        default: throw InventoryError(.scriptFailed, "refunded: the booking does not have the payment")
        }
    }

    private func refused(
        _ row: PaymentRow, _ code: String, _ gateway: any PaymentGateway, _ trace: String
    ) async throws {
        report.counts.refusedRefunds += 1
        report.onFailure("payment \(row.payment.id): the refund was refused: \(code)", trace)
        // A callback may have reported another amount than was charged.
        if row.isStray,
            case .succeeded(_, let amount, let currency) = await gateway.lookup(key: row.key, trace: trace),
            amount != row.payment.amount
        {
            try await payments.correctStray(row.payment.id, amount: amount, currency: currency)
        }
    }
}
