import BoxOffice
import Loops
import Payments
import PostgresClient
import Records
import Settlement

/// Applies reported charges that `payments` lacks to their bookings again: a process died, or Redis lost data.
final class OpenChargeReporter {
    private let loop: EventLoop
    private let charges: ChargeStore
    private let locator: BookingLocator
    private let recorder: ChargeRecorder
    private let report: ReconcilerReport

    init(
        loop: EventLoop, charges: ChargeStore, locator: BookingLocator, recorder: ChargeRecorder,
        report: ReconcilerReport
    ) {
        self.loop = loop
        self.charges = charges
        self.locator = locator
        self.recorder = recorder
        self.report = report
    }

    /// Applies charges again, looks up doubtful ones, and refunds money that had no booking for long enough. A charge
    /// that fails does not delay the others.
    ///
    /// - Returns: whether there may be more.
    func reportOpenCharges(_ gateway: any PaymentGateway, _ times: SettlementTimes) async throws -> Bool {
        let open = try await charges.takeOpen(
            provider: gateway.name, reportedSeconds: times.reportedSeconds, keptSeconds: times.keptSeconds,
            limit: PaymentSettler.limit)
        await loop.concurrently(open) { [self] open in
            do {
                try await settle(open, gateway)
            } catch {
                report.note("charge \(open.charge.transactionID): \(error)", open.charge.trace)
            }
        }
        return open.count == PaymentSettler.limit
    }

    private func settle(_ open: OpenCharge, _ gateway: any PaymentGateway) async throws {
        if try await charges.isPaid(open.charge) {
            try await charges.update(open.charge, .settled)
        } else if open.isDoubtful {
            try await lookUp(open, gateway)
        } else {
            try await notifyBooking(of: open.charge, isLast: open.isOver)
        }
    }

    /// Looks up a charge whose reported amount is not the booking's price: the amount in the answer counts.
    private func lookUp(_ open: OpenCharge, _ gateway: any PaymentGateway) async throws {
        let charge = open.charge
        switch await gateway.lookup(key: charge.payment, trace: charge.trace) {
        case .succeeded(charge.transactionID, let amount, let currency):
            try await notifyBooking(of: charge.with(amount: amount, currency: currency), isLast: true)
        case .declined: try await charges.update(charge, .settled)
        default: try await notifyBooking(of: charge, isLast: open.isOver)
        }
    }

    /// - Parameter isLast: whether to refund now if no booking can use the money.
    private func notifyBooking(of charge: ReportedCharge, isLast: Bool) async throws {
        let (outcome, state) = try await recorder.apply(charge)
        guard state == .unmatched || state == .mismatch else {
            if let state { try await charges.update(charge, state) }
            return
        }
        guard isLast else { return }
        try await recorder.recordRefundDue(charge, try await locator.image(charge.booking))
        report.onFailure("charge \(charge.transactionID): \(outcome.rawValue), will be refunded", charge.trace)
    }

    /// Deletes messages too old for a provider to repeat.
    func deleteOldMessages() async {
        do {
            try await charges.forgetOld()
        } catch {
            report.note(error.description)
        }
    }
}
