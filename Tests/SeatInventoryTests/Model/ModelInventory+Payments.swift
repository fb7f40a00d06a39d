import BoxOffice

/// One charge.
struct ModelCharge {
    let payment: UUIDBytes
    let provider: String
    let transaction: String
    let amount: Int
    /// Empty if nothing was paid.
    let currency: String
    /// Whether a booking with a price may be confirmed without payment.
    var mayBeUnpaid = false

    /// Whether the charge matches the booking's price.
    func pays(_ booking: ModelBooking) -> Bool {
        currency.isEmpty
            ? amount == 0 && (booking.total == 0 || mayBeUnpaid)
            : amount == booking.total && currency == booking.currency
    }

    func isOf(_ currency: String) -> Bool { self.currency.isEmpty || self.currency == currency }
}

extension ModelInventory {
    /// Until max(expiry, now + 120 s), outside the indexes of expiring holds.
    mutating func beginPayment(
        _ move: ModelMove, _ operation: ModelOperation, _ booking: ModelBooking, _ event: Int, payment: UUIDBytes,
        provider: String
    ) -> ModelAnswer {
        let isCancelled = events[event].policy.isCancelled
        switch booking.status {
        case .confirmed:
            return ModelAnswer("ALREADY", reply(booking, event))
        case .pendingPayment where booking.payment?.id == payment:
            // The running attempt was repeated after a lost answer.
            return ModelAnswer("OK", reply(booking, event))
        case .reserved where !isCancelled:
            var booking = booking
            booking.status = .pendingPayment
            booking.attempts += 1
            booking.deadline = max(booking.expires, now(event) + 120_000)
            booking.payment = .init(
                id: payment, provider: provider, transaction: "", status: .pending, amount: booking.total)
            return end("OK", booking, move, operation, event)
        default:
            return ModelAnswer(isCancelled ? "EVENT_CANCELLED" : "INVALID", reply(booking, event))
        }
    }

    /// An attempt ends once. The hold keeps its old expiry; the third decline ends it.
    mutating func failPayment(
        _ move: ModelMove, _ operation: ModelOperation, _ booking: ModelBooking, _ event: Int, isFinal: Bool,
        reason: String, transaction: String
    ) -> ModelAnswer {
        var booking = booking
        booking.payment?.status = .failed
        if !transaction.isEmpty { booking.payment?.transaction = transaction }
        guard booking.status == .pendingPayment else { return end("OK", booking, move, operation, event) }
        if isFinal || booking.attempts >= 3 {
            release(booking, event)
            booking.status = .failed
            booking.reason = reason
        } else if booking.expires <= now(event) {
            release(booking, event)
            booking.status = .expired
            booking.reason = "hold-expired"
        } else {
            booking.status = .reserved
        }
        booking.deadline = 0
        return end("OK", booking, move, operation, event)
    }

    /// One successful charge per booking, ever, of the exact price; a repetition changes nothing.
    mutating func confirm(
        _ move: ModelMove, _ operation: ModelOperation, _ booking: ModelBooking, _ event: Int, _ charge: ModelCharge
    ) -> ModelAnswer {
        if let word = knownCharge(booking, charge) { return ModelAnswer(word, reply(booking, event)) }
        if !charge.pays(booking) { return ModelAnswer("MISMATCH", reply(booking, event)) }
        var booking = booking
        booking.payment = .init(
            id: charge.payment, provider: charge.provider, transaction: charge.transaction, status: .succeeded,
            amount: charge.amount)
        let isHeld = booking.status.isHeld
        if isHeld, events[event].policy.isCancelled {
            release(booking, event)
            booking.status = .cancelled
            booking.deadline = 0
            booking.reason = "event-cancelled"
        } else if isHeld {
            events[event].move(booking, from: .held, to: .sold)
            return confirmed("OK", booking, move, operation, event)
        } else if booking.status != .cancelled, canReclaim(booking, event) {
            events[event].move(booking, from: .available, to: .sold)
            events[event].count(booking, 1)
            return confirmed("RECLAIMED", booking, move, operation, event)
        }
        booking.payment?.oweAll()
        return end("REFUND_DUE", booking, move, operation, event)
    }

    /// The answer if the booking has a charge already.
    private func knownCharge(_ booking: ModelBooking, _ charge: ModelCharge) -> String? {
        guard let known = booking.payment, known.isCharged else { return nil }
        guard known.transaction == charge.transaction, known.provider == charge.provider else { return "SECOND" }
        return known.amount == charge.amount && charge.isOf(booking.currency) ? "ALREADY" : "MISMATCH"
    }

    private mutating func confirmed(
        _ word: String, _ booking: ModelBooking, _ move: ModelMove, _ operation: ModelOperation, _ event: Int
    ) -> ModelAnswer {
        var booking = booking
        booking.status = .confirmed
        booking.confirmed = now(event)
        booking.deadline = 0
        booking.reason = ""
        return end(word, booking, move, operation, event)
    }

    /// The total refunded so far; never more than is due.
    mutating func refunded(
        _ move: ModelMove, _ operation: ModelOperation, _ booking: ModelBooking, _ event: Int, payment: UUIDBytes,
        amount: Int
    ) -> ModelAnswer {
        guard var known = booking.payment, known.id == payment, amount <= known.refund else {
            return ModelAnswer("INVALID", reply(booking, event))
        }
        if amount <= known.refunded { return ModelAnswer("ALREADY", reply(booking, event)) }
        known.refunded = amount
        if amount == known.amount { known.status = .refunded }
        var booking = booking
        booking.payment = known
        return end("OK", booking, move, operation, event)
    }

    /// Whether a late success finds its units available, as a claim would, and the limits still allow them.
    private mutating func canReclaim(_ booking: ModelBooking, _ event: Int) -> Bool {
        guard !events[event].policy.isCancelled else { return false }
        releaseDue(event)
        let state = events[event]
        let isFree = booking.items.allSatisfy { item in
            state.tier(item.tier).map { state.tiers[$0].available >= item.quantity } ?? false
                && item.seats.allSatisfy { state.place(of: $0) == .available }
        }
        let allowed = state.allows(booking.user, tickets: booking.tickets)
        return isFree && allowed.tickets && allowed.bookings
    }
}
