extension World {
    /// Adds the steps of payments in flight: `PaymentFlow` and `PaymentSettler`.
    mutating func addMoney(_ state: State) {
        for booking in 0..<setup.bookings {
            addFlow(state, booking)
            for attempt in UInt8(1)...2 { addSettlement(state, booking, attempt) }
        }
    }

    /// Adds the steps of a copy of the API that handles a payment.
    private mutating func addFlow(_ state: State, _ booking: Int) {
        let attempt = state.attempts[booking]
        switch state.charges[booking] {
        case .none: return addBeginning(state, booking)
        case .begun:
            if isWritten(state, booking, .paying) || !holds(.recordBeforeCharge) {
                step(state, .recorded, 0, booking) { world, new in
                    new.charges[booking] = .recorded
                    world.endWait(&new, booking)
                }
            }
            addFailing(state, booking, attempt, .givesUp)
        case .recorded:
            step(state, .charged, 0, booking) { _, new in
                new.charges[booking] = .taken
                new.captured.set(slot(booking, attempt))
            }
            addFailing(state, booking, attempt, .declined)
            // The charge succeeds, but the API copy that asked for it is gone.
            step(state, .dies, 1, booking) { _, new in
                new.charges[booking] = .none
                new.captured.set(slot(booking, attempt))
            }
        case .taken: addTelling(state, booking, attempt, .tells)
        }
        step(state, .dies, 0, booking) { world, new in
            new.charges[booking] = .none
            world.endWait(&new, booking)
        }
    }

    private mutating func addBeginning(_ state: State, _ booking: Int) {
        let attempt = state.attempts[booking] + 1
        guard attempt <= 2, let server = place(state),
            image(state.servers[server].data, booking).status == .reserved
        else { return }
        step(state, .begins, server, booking) { world, new in
            world.put(&new, server, booking, .paying, .pending, attempt: attempt)
            new.charges[booking] = .begun
            new.attempts[booking] = attempt
            world.wait(&new, server, booking)
        }
    }

    /// The Redis that scripts reach.
    private func place(_ state: State) -> Int? {
        for caller in 0..<setup.callers where admits(state.callers[caller].connection, state) {
            return Int(state.callers[caller].connection.server) - 1
        }
        return nil
    }

    /// A booking as its script finds it, loaded from PostgreSQL if it left Redis (`BookingLocator`); `nil` while a
    /// missing hold is being recovered.
    private func located(_ state: State, _ booking: Int) -> (server: Int, image: Image)? {
        guard let server = place(state) else { return nil }
        let found = image(state.servers[server].data, booking)
        guard found.status == .none, state.ledger.rows[booking].version > 0 else { return (server, found) }
        let row = state.ledger.image(booking)
        return row.status.isHeld ? nil : (server, row)
    }

    private func load(_ state: inout State, _ server: Int, _ booking: Int, _ image: Image) {
        guard image.version > 0 else { return }
        let epoch = state.servers[server].data.epoch
        state.servers[server].data.records[booking] = Record(image: image, epoch: epoch)
    }

    // MARK: - Attempts that end

    private mutating func addFailing(_ state: State, _ booking: Int, _ attempt: UInt8, _ kind: Move.Kind) {
        guard let (server, image) = located(state, booking) else { return }
        step(state, kind, server, booking) { world, new in
            new.charges[booking] = .none
            world.endWait(&new, booking)
            world.load(&new, server, booking, image)
            world.fail(&new, server, booking, attempt, image)
        }
    }

    /// `fail_payment`: the hold becomes what it was.
    private func fail(_ state: inout State, _ server: Int, _ booking: Int, _ attempt: UInt8, _ image: Image) {
        guard image.attempt == attempt, image.money == .pending else { return }
        if image.status == .paying {
            put(&state, server, booking, .reserved, .failed)
        } else {
            note(&state, server, booking, image.status, .failed)
        }
    }

    // MARK: - Captured money

    private mutating func addTelling(_ state: State, _ booking: Int, _ attempt: UInt8, _ kind: Move.Kind) {
        guard let (server, image) = located(state, booking) else { return }
        step(state, kind, server, booking) { world, new in
            new.charges[booking] = .none
            world.endWait(&new, booking)
            world.load(&new, server, booking, image)
            world.tell(&new, server, booking, attempt, image)
        }
    }

    /// `confirm`: whatever the booking's status, its money pays for it or is due for refund.
    private func tell(_ state: inout State, _ server: Int, _ booking: Int, _ attempt: UInt8, _ image: Image) {
        if image.money == .succeeded || image.money == .refundDue {
            // Money of another attempt: `ChargeStore.recordRefundDue`.
            if image.attempt != attempt { state.ledger.payments[slot(booking, attempt)] = .refundDue }
            return
        }
        guard image.status != .none else {
            state.ledger.payments[slot(booking, attempt)] = .refundDue
            return
        }
        let isFree = state.servers[server].data.seats[seat(of: booking)] == .free
        guard image.status.isHeld || image.status != .cancelled && isFree else {
            return note(&state, server, booking, image.status, .refundDue, attempt: attempt)
        }
        put(&state, server, booking, .confirmed, .succeeded, attempt: attempt)
        state.confirmedTo.set(booking)
        wait(&state, server, booking)
    }

    // MARK: - Settlement

    private mutating func addSettlement(_ state: State, _ booking: Int, _ attempt: UInt8) {
        guard state.ledger.payments[slot(booking, attempt)] == .pending else { return }
        let isUnderWay = state.charges[booking] != .none && state.attempts[booking] == attempt
        if state.captured.has(slot(booking, attempt)) {
            if !isUnderWay { addTelling(state, booking, attempt, .asksPaid) }
        } else if !isUnderWay || !holds(.settlePatience) {
            addUnpaid(state, booking, attempt)
        }
    }

    private mutating func addUnpaid(_ state: State, _ booking: Int, _ attempt: UInt8) {
        guard let (server, image) = located(state, booking) else { return }
        step(state, .asksUnpaid, server, booking) { world, new in
            if image.attempt == attempt, image.money == .pending {
                world.load(&new, server, booking, image)
                world.fail(&new, server, booking, attempt, image)
            } else if image.attempt != attempt {
                // The booking has moved on to another attempt: `PaymentStore.endForgotten`.
                new.ledger.payments[slot(booking, attempt)] = .failed
            }
        }
    }
}
