import BoxOffice
import Loops
import Metrics
import Payments
import PlantedBugs
import PostgresClient
import Records
import RedisClient
import SeatInventory
import Settlement
import Tracing

/// Settlement: whatever became of money, its booking is told, or it goes back. All of it may be done twice, by two copies
/// at once, and again after either was killed: providers are asked by keys, and bookings know what they were told.
extension Reconciler {
    /// Payments asked about at a time, and charges told again; a provider that hangs holds up no more.
    private static let settleLimit = 16

    /// One look at what is due; true when there may be more.
    func settleAll() async -> Bool {
        guard let gateway else { return false }
        do {
            let due = try await payments.takeDue(
                provider: gateway.name, limit: Self.settleLimit, oldSeconds: settlement.oldSeconds,
                records: PlantedBug.current != .lateRecord)
            await concurrently(due) { [self] payment in await settle(payment, gateway) }
            let isMoreTold = try await tellAgain(gateway)
            return due.count == Self.settleLimit || isMoreTold
        } catch {
            note("settle: \(error)")
            return false
        }
    }

    /// What PostgreSQL has to do; everything where it does not say, so that whoever does it says what is wrong.
    func dueWork() async -> DueWork {
        // Whoever has no partitions may settle all the same.
        let due = try? await DueWork.ask(
            pool, partitions: Array(leased.keys), provider: gateway?.name ?? "", toldSeconds: settlement.toldSeconds,
            keptSeconds: settlement.keptSeconds)
        return due ?? .unknown
    }

    private func settle(_ due: DuePayment, _ gateway: any PaymentGateway) async {
        let row = due.row
        // Of the request that changed the payment last, when that is known.
        let caller = row.trace.flatMap { TraceContext(traceparent: $0.prefix(55)) }
        guard Tracer.shared.isOn else {
            _ = await settle(due, gateway, caller == nil ? "" : row.trace ?? "")
            return
        }
        let trace = caller?.child() ?? TraceContext.root()
        let told = trace.traceparent + (caller == nil ? "" : row.trace?.dropFirst(55) ?? "")
        let start = monotonicNanoseconds()
        let outcome = await ScriptCause.$record.withValue(told) { await settle(due, gateway, told) }
        Tracer.shared.record(
            Span(
                "settle payment", .inside, trace, parent: caller?.spanID, lasting: monotonicNanoseconds() - start,
                [
                    ("usher.payment_id", .text(row.payment.id.description)),
                    ("usher.booking_id", .text(row.booking.description)), ("usher.outcome", .text(outcome)),
                ], hasFailed: outcome == "failed"))
    }

    /// - Parameter told: trace context, and the id of the request.
    /// - Returns: what became of it, in a word.
    private func settle(_ due: DuePayment, _ gateway: any PaymentGateway, _ told: String) async -> String {
        let row = due.row
        var outcome = "failed"
        do {
            let answer =
                row.payment.status == .pending
                ? try await ask(due, gateway, told) : try await refund(due, gateway, told)
            outcome = String(answer.prefix { $0 != ":" }).replacing(" ", with: "_")
            try await payments.note(row.payment.id, answer)
        } catch {
            note("payment \(row.payment.id): \(error)", told)
        }
        ReconcileMetrics.shared.settlements[outcome].add()
        return outcome
    }

    // MARK: - Attempts that nobody answered

    /// Asks what became of an attempt, and tells its booking.
    ///
    /// - Returns: the answer, for operators.
    private func ask(
        _ due: DuePayment, _ gateway: any PaymentGateway, _ trace: String
    ) async throws -> String {
        let row = due.row
        switch await gateway.lookup(key: row.key, trace: trace) {
        case .succeeded(let transaction, let amount, let currency):
            let charge = row.charge(transaction, amount: amount, currency: currency, trace)
            let (outcome, state) = try await recorder.tell(charge)
            // The provider itself says that it took what it should not have: there is nothing to wait for.
            if state == .mismatch || state == .unmatched {
                // First on record, then over: nobody asks about an attempt that is over, and its money has to be known.
                try await recorder.giveBack(charge, try await locator.image(row.booking))
                try await end(row, "amount-mismatch", trace)
            }
            return "succeeded: \(outcome.rawValue)"
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

    /// Ends an attempt for which nothing was taken.
    private func end(_ row: PaymentRow, _ reason: String, _ trace: String) async throws {
        let charge = row.charge("", amount: row.payment.amount, currency: row.currency, trace)
        let outcome = try await recorder.failed(charge, reason: reason)
        // Its booking has forgotten it over another, so that the outbox will never tell.
        if outcome == .ignored || outcome == .unmatched,
            try await locator.image(row.booking)?.payment?.id != row.payment.id
        {
            try await payments.endForgotten(row.payment.id)
        }
    }

    // MARK: - Money that has to go back

    /// Gives back what is on record as asked for; the record was made when the payment was taken up.
    ///
    /// - Returns: the answer, for operators.
    private func refund(
        _ due: DuePayment, _ gateway: any PaymentGateway, _ trace: String
    ) async throws -> String {
        let row = due.row
        let answer = await gateway.refund(
            key: row.key, transactionID: row.payment.transactionID ?? "", from: row.payment.refundedAmount,
            to: due.refundAsked, currency: row.currency, trace: trace)
        switch answer {
        case .refunded:
            try await refunded(row, due.refundAsked, trace)
            report.refunds += 1
            return "refunded: \(due.refundAsked)"
        case .refused(let code):
            report.refusedRefunds += 1
            onFailure("payment \(row.payment.id): the refund was refused: \(code)", trace)
            // A callback may have told another sum than was taken.
            if row.isStray,
                case .succeeded(_, let amount, let currency) = await gateway.lookup(key: row.key, trace: trace),
                amount != row.payment.amount
            {
                try await payments.correctStray(row.payment.id, amount: amount, currency: currency)
            }
            return "refused: \(code)"
        case .unknown:
            return "no answer"
        }
    }

    private func refunded(_ row: PaymentRow, _ amount: Int64, _ trace: String) async throws {
        if row.isStray { return try await payments.refundedStray(row.payment.id, amount: amount) }
        let request = TransitionRequest(
            booking: row.booking, user: nil, awaitsAck: false, idempotency: nil, traceparent: trace)
        let outcome = try await locator.act(row.booking, user: nil) { [self] in
            try await inventory.refunded(request, payment: row.payment.id, amount: amount)
        }
        switch outcome {
        case .done, .already: break
        default: throw InventoryError(.scriptFailed, "refunded: the booking does not know the payment")
        }
    }

    // MARK: - What providers told

    /// Tells bookings again of charges that `payments` lacks, because somebody died or Redis forgot; asks about doubtful
    /// ones; money that has been nobody's for long enough goes back. One that fails keeps none of the others waiting.
    ///
    /// - Returns: whether there may be more.
    private func tellAgain(_ gateway: any PaymentGateway) async throws -> Bool {
        let open = try await charges.takeOpen(
            provider: gateway.name, toldSeconds: settlement.toldSeconds, keptSeconds: settlement.keptSeconds,
            limit: Self.settleLimit)
        await concurrently(open) { [self] open in
            do {
                try await tellAgain(open, gateway)
            } catch {
                note("charge \(open.charge.transactionID): \(error)", open.charge.trace)
            }
        }
        return open.count == Self.settleLimit
    }

    private func tellAgain(_ open: OpenCharge, _ gateway: any PaymentGateway) async throws {
        if try await charges.isPaid(open.charge) {
            try await charges.update(open.charge, .settled)
        } else if open.isDoubtful {
            try await askAgain(open, gateway)
        } else {
            try await tell(open.charge, isLast: open.isOver)
        }
    }

    /// A sum that is not what the booking costs: what the provider says when it is asked counts.
    private func askAgain(_ open: OpenCharge, _ gateway: any PaymentGateway) async throws {
        let charge = open.charge
        switch await gateway.lookup(key: charge.payment, trace: charge.trace) {
        case .succeeded(charge.transactionID, let amount, let currency):
            try await tell(charge.with(amount: amount, currency: currency), isLast: true)
        case .declined: try await charges.update(charge, .settled)
        default: try await tell(charge, isLast: open.isOver)
        }
    }

    /// - Parameter isLast: whether what nobody can have now goes back.
    private func tell(_ charge: ToldCharge, isLast: Bool) async throws {
        let (outcome, state) = try await recorder.tell(charge)
        guard state == .unmatched || state == .mismatch else {
            if let state { try await charges.update(charge, state) }
            return
        }
        guard isLast else { return }
        try await recorder.giveBack(charge, try await locator.image(charge.booking))
        onFailure("charge \(charge.transactionID): \(outcome.rawValue), it goes back", charge.trace)
    }

    /// Forgets messages that no provider repeats any more.
    func forgetOldMessages() async {
        do {
            try await charges.forgetOld()
        } catch {
            note(error.description)
        }
    }
}

extension PaymentRow {
    fileprivate func charge(
        _ transaction: String, amount: Int64, currency: String, _ trace: String
    ) -> ToldCharge {
        ToldCharge(
            provider: payment.provider, transactionID: transaction, booking: booking, payment: key, amount: amount,
            currency: currency, isSuccess: true, trace: trace)
    }
}
