import Booking

/// Money of one charge.
struct ModelCharge {
    let payment: String
    let provider: String
    let transaction: String
    let amount: Int
    /// Empty when nothing is paid.
    let currency: String
    /// Whether what costs something may be confirmed though nothing was paid.
    var mayBeUnpaid = false

    /// Whether it is what a booking costs.
    func pays(_ booking: ModelBooking) -> Bool {
        currency.isEmpty
            ? amount == 0 && (booking.total == 0 || mayBeUnpaid)
            : amount == booking.total && currency == booking.currency
    }

    func isOf(_ currency: String) -> Bool { self.currency.isEmpty || self.currency == currency }
}

extension ModelInventory {
    /// `begin_payment`: until max(expiry, now + 120 s), apart from the holds that may lapse.
    mutating func beginPayment(_ move: ModelMove, payment: String, provider: String) -> [ModelReply] {
        let start = begin(move)
        guard case .booking(var booking, let event) = start else { return start.refusal }
        let isCancelled = events[event].policy.isCancelled
        switch booking.status {
        case .confirmed:
            return [.text("ALREADY"), .text(booking.image)]
        case .pendingPayment where booking.payment?.id == payment:
            // The very attempt that runs: an answer that was lost is given again.
            let entry = booking.entry.map { ModelReply.entry(partition: move.partition, place: $0) } ?? .text("")
            return [.text("OK"), .text(booking.image), entry]
        case .reserved where !isCancelled:
            booking.status = .pendingPayment
            booking.attempts += 1
            booking.deadline = max(booking.expires, now(event) + 120_000)
            booking.payment = .init(
                id: payment, provider: provider, transaction: "", status: .pending, amount: booking.total)
            return end(move, booking, event, "OK")
        default:
            return [.text(isCancelled ? "EVENT_CANCELLED" : "INVALID"), .text(booking.image)]
        }
    }

    /// `fail_payment`: an attempt ends once. The hold keeps its old expiry; the third decline ends it.
    mutating func failPayment(
        _ move: ModelMove, payment: String, isFinal: Bool, reason: String, transaction: String
    ) -> [ModelReply] {
        let start = begin(move, tellsOfMoney: true)
        guard case .booking(var booking, let event) = start else { return start.refusal }
        guard booking.payment?.id == payment, booking.payment?.status == .pending else {
            return [.text("INVALID"), .text(booking.image)]
        }
        booking.payment?.status = .failed
        if !transaction.isEmpty { booking.payment?.transaction = transaction }
        guard booking.status == .pendingPayment else { return end(move, booking, event, "OK") }
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
        return end(move, booking, event, "OK")
    }

    /// `confirm`: one successful charge a booking, for ever, of what it costs; the same again changes nothing.
    mutating func confirm(_ move: ModelMove, _ charge: ModelCharge) -> [ModelReply] {
        let start = begin(move, tellsOfMoney: true)
        guard case .booking(var booking, let event) = start else { return start.refusal }
        if let word = knownCharge(booking, charge) { return [.text(word), .text(booking.image)] }
        if !charge.pays(booking) { return [.text("MISMATCH"), .text(booking.image)] }
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
            return confirmed(move, booking, event, "OK")
        } else if booking.status != .cancelled, canReclaim(booking, event) {
            events[event].move(booking, from: .available, to: .sold)
            events[event].count(booking, 1)
            return confirmed(move, booking, event, "RECLAIMED")
        }
        booking.payment?.oweAll()
        return end(move, booking, event, "REFUND_DUE")
    }

    /// What is answered when the booking cannot take note of the charge.
    private func knownCharge(_ booking: ModelBooking, _ charge: ModelCharge) -> String? {
        if let known = booking.payment, known.isCharged {
            guard known.transaction == charge.transaction, known.provider == charge.provider else { return "SECOND" }
            return known.amount == charge.amount && charge.isOf(booking.currency) ? "ALREADY" : "MISMATCH"
        }
        return nil
    }

    private mutating func confirmed(
        _ move: ModelMove, _ booking: ModelBooking, _ event: Int, _ word: String
    ) -> [ModelReply] {
        var booking = booking
        booking.status = .confirmed
        booking.confirmed = now(event)
        booking.deadline = 0
        booking.reason = ""
        return end(move, booking, event, word)
    }

    /// `refunded`: so much went back, in all; never more than had to.
    mutating func refunded(_ move: ModelMove, payment: String, amount: Int) -> [ModelReply] {
        let start = begin(move, tellsOfMoney: true)
        guard case .booking(var booking, let event) = start else { return start.refusal }
        guard var known = booking.payment, known.id == payment, amount <= known.refund else {
            return [.text("INVALID"), .text(booking.image)]
        }
        if amount <= known.refunded { return [.text("ALREADY"), .text(booking.image)] }
        known.refunded = amount
        if amount == known.amount { known.status = .refunded }
        booking.payment = known
        return end(move, booking, event, "OK")
    }

    /// Whether a late success finds its units free, as a claim would, and the limits still allow them.
    private mutating func canReclaim(_ booking: ModelBooking, _ event: Int) -> Bool {
        guard !events[event].policy.isCancelled else { return false }
        _ = returnLapsed(event)
        let state = events[event]
        let isFree = booking.items.allSatisfy { item in
            state.tier(item.tier).map { state.tiers[$0].available >= item.quantity } ?? false
                && item.seats.allSatisfy { state.place(of: $0) == .available }
        }
        let allowed = state.allows(booking.user, tickets: booking.tickets)
        return isFree && allowed.tickets && allowed.bookings
    }
}
