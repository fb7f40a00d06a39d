import BoxOffice

/// The start of a move.
enum ModelStart {
    case refused(ModelAnswer)
    case booking(ModelBooking)
}

extension ModelInventory {
    mutating func move(_ move: ModelMove, _ operation: ModelOperation, _ event: Int) -> ModelAnswer {
        let booking: ModelBooking
        switch begin(move, event) {
        case .refused(let answer): return answer
        case .booking(let found): booking = found
        }
        switch move.kind {
        case .beginPayment(let payment, let provider):
            return beginPayment(move, operation, booking, event, payment: payment, provider: provider)
        case .confirm(let charge): return confirm(move, operation, booking, event, charge)
        case .failPayment(let payment, let isFinal, let reason, let transaction):
            guard booking.payment?.id == payment, booking.payment?.status == .pending else {
                return ModelAnswer("INVALID", reply(booking, event))
            }
            return failPayment(
                move, operation, booking, event, isFinal: isFinal, reason: reason, transaction: transaction)
        case .refunded(let payment, let amount):
            return refunded(move, operation, booking, event, payment: payment, amount: amount)
        case .cancel(let reason): return cancel(move, operation, booking, event, reason: reason)
        case .cancelItems(let part, let reason): return cancelItems(move, operation, booking, event, part, reason)
        case .extend: return extend(move, operation, booking, event)
        case .overrule: return overrule(move, operation, booking, event)
        }
    }

    /// The common start of every move. A hold past its time expires first; only moves that report money or PostgreSQL's
    /// verdict continue on the expired booking.
    private mutating func begin(_ move: ModelMove, _ event: Int) -> ModelStart {
        if let known = replay(move.key) { return .refused(known) }
        guard let booking = bookings[move.booking], booking.epoch == events[event].epoch,
            booking.event == events[event].id, move.user.isEmpty || move.user == booking.user
        else { return .refused(ModelAnswer("NOT_FOUND")) }
        if move.key != nil, events[event].keys.isFull(booking.user, now(event)) {
            return .refused(ModelAnswer("KEY_LIMIT"))
        }
        var present = booking
        if let lapse = booking.lapses, lapse <= now(event) { present = expire(booking, event) }
        if present.status == .expired, !move.kind.isOfEnded {
            return .refused(ModelAnswer("HOLD_EXPIRED", reply(present, event)))
        }
        return .booking(present)
    }

    /// Adds the booking's next version, and the key's record as running, to the group.
    mutating func end(
        _ word: String, _ booking: ModelBooking, _ move: ModelMove, _ operation: ModelOperation, _ event: Int
    ) -> ModelAnswer {
        let booking = put(booking, event, operation)
        if let key = move.key {
            remember(key, events[event].partition, booking.id, "run|\(now(event) + key.patience)")
            events[event].keys.count(booking.user, now(event))
        }
        return ModelAnswer(word, reply(booking, event))
    }

    /// The reason why the owner may no longer cancel a confirmed booking.
    func cancellationRefusal(_ move: ModelMove, _ booking: ModelBooking, _ event: Int) -> ModelAnswer? {
        let policy = events[event].policy
        guard !move.isPrivileged, !policy.isCancelled, booking.status == .confirmed, let last = policy.cancels,
            now(event) >= last
        else { return nil }
        let until = ModelBytes.of { $0.number(last, 6) }
        return ModelAnswer("CANCELLATION_CLOSED", reply(booking, event, after: until))
    }
}

extension ModelMove.Kind {
    /// Whether the move also applies to an expired booking.
    fileprivate var isOfEnded: Bool {
        switch self {
        case .confirm, .failPayment, .refunded, .overrule: true
        case .beginPayment, .cancel, .cancelItems, .extend: false
        }
    }
}

extension ModelInventory {
    fileprivate mutating func cancel(
        _ move: ModelMove, _ operation: ModelOperation, _ booking: ModelBooking, _ event: Int, reason: String
    ) -> ModelAnswer {
        if booking.status == .cancelled { return ModelAnswer("ALREADY", reply(booking, event)) }
        if booking.status == .failed { return ModelAnswer("INVALID", reply(booking, event)) }
        if let refusal = cancellationRefusal(move, booking, event) { return refusal }
        release(booking, event)
        var booking = booking
        if booking.payment?.status == .succeeded { booking.payment?.oweAll() }
        booking.status = .cancelled
        booking.deadline = 0
        booking.reason = reason
        return end("OK", booking, move, operation, event)
    }

    /// At most twice; an extension never shortens a hold.
    fileprivate mutating func extend(
        _ move: ModelMove, _ operation: ModelOperation, _ booking: ModelBooking, _ event: Int
    ) -> ModelAnswer {
        if events[event].policy.isCancelled { return ModelAnswer("EVENT_CANCELLED", reply(booking, event)) }
        guard booking.status == .reserved else { return ModelAnswer("INVALID", reply(booking, event)) }
        guard booking.extensions < 2 else { return ModelAnswer("LIMIT", reply(booking, event)) }
        var booking = booking
        booking.keepFirstAnswer()
        booking.expires = max(booking.expires, now(event) + events[event].policy.hold)
        booking.extensions += 1
        return end("OK", booking, move, operation, event)
    }

    /// PostgreSQL refused the booking: it ends without releasing its units.
    fileprivate mutating func overrule(
        _ move: ModelMove, _ operation: ModelOperation, _ booking: ModelBooking, _ event: Int
    ) -> ModelAnswer {
        guard booking.status.isLive else { return ModelAnswer("ALREADY", reply(booking, event)) }
        events[event].count(booking, -1)
        var booking = booking
        if booking.payment?.status == .succeeded { booking.payment?.oweAll() }
        booking.status = .cancelled
        booking.deadline = 0
        booking.reason = "oversold"
        return end("OK", booking, move, operation, event)
    }

    /// The sweeper's operation; the sweeper saw the event as due, so the due time is written again.
    mutating func expire(_ event: Int) -> ModelAnswer {
        let before = events[event].unit.changes.count
        releaseDue(event)
        events[event].unit.hasSwept = true
        let released = events[event].unit.changes.count - before
        return ModelAnswer("OK", .text("\(released)|\(events[event].unit.hasMore ? 1 : 0)"))
    }
}
