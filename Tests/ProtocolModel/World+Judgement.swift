extension World {
    /// The violation in a state.
    func judged(_ state: State) -> Violation {
        for booking in 0..<setup.bookings {
            let violation = judged(state, booking)
            if violation != .none { return violation }
        }
        if isTold(state, 0), isTold(state, 1) { return .soldTwice }
        if setup.repeats, state.ledger.rows[0].version > 0, state.ledger.rows[2].version > 0 { return .keyTwice }
        for index in 0..<2 {
            let server = state.servers[index]
            if isValidated(server), !isConserved(server.data) { return .conservation }
        }
        return isDrifting(state) ? .drift : .none
    }

    private func isTold(_ state: State, _ booking: Int) -> Bool {
        state.persistedTo.has(booking) && !state.cancelAsked.has(booking)
    }

    private func judged(_ state: State, _ booking: Int) -> Violation {
        let row = state.ledger.rows[booking]
        let isKept =
            row.status == .confirmed || row.status == .cancelled && state.cancelAsked.has(booking)
        if state.persistedTo.has(booking), !isKept { return .persistedLost }
        if state.confirmedTo.has(booking), !state.isLossy, !isKept, !isUnderWay(state, booking) { return .answerLost }
        for attempt in UInt8(1)...2 where setup.pays {
            let slot = slot(booking, attempt)
            let money = state.ledger.payments[slot]
            if money == .succeeded, row.status != .confirmed { return .moneyKept }
            let isTelling = state.charges[booking] == .taken && state.attempts[booking] == attempt
            if state.captured.has(slot), !isTelling, money == .none || money == .failed { return .moneyLost }
        }
        return .none
    }

    /// Whether Redis has a confirmation that PostgreSQL lacks: in its outbox or, if that is missing, in a record.
    private func isUnderWay(_ state: State, _ booking: Int) -> Bool {
        for index in 0..<2 where state.servers[index].isUp {
            let data = state.servers[index].data
            for number in 0..<Int(data.outbox.count) {
                let entry = data.outbox.list[number]
                if entry.booking == booking, entry.image.status == .confirmed, entry.id > state.ledger.cursor {
                    return true
                }
            }
            let isDamaged = !data.hasOutbox || data.isDamaged
            let record = data.records[booking]
            if isDamaged, record.image.status == .confirmed || state.cancelAsked.has(booking) { return true }
        }
        for index in 0..<setup.copies where state.copies[index].phase == .writingSalvage {
            if state.copies[index].rows[booking].status == .confirmed { return true }
        }
        return false
    }

    /// A held seat has exactly one hold, a sold seat at most one record (a confirmed booking may have left), any other
    /// seat is free.
    private func isConserved(_ data: Data) -> Bool {
        guard data.eventEpoch == data.epoch else { return true }
        for place in 0..<2 {
            var held = 0
            var sold = 0
            for booking in 0..<setup.bookings where seat(of: booking) == place {
                let record = data.records[booking]
                guard record.epoch == data.epoch else { continue }
                if record.image.status.isHeld { held += 1 }
                if record.image.status == .confirmed { sold += 1 }
            }
            let isRight =
                switch data.seats[place] {
                case .free: held == 0 && sold == 0
                case .held: held == 1 && sold == 0
                case .sold: held == 0 && sold <= 1
                }
            guard isRight else { return false }
        }
        return true
    }

    /// Whether nothing is left to persist, no copy is at work, and the stores differ.
    private func isDrifting(_ state: State) -> Bool {
        var place: Int?
        for index in 0..<2 where state.servers[index].isUp && state.servers[index].isPrimary {
            guard place == nil else { return false }
            place = index
        }
        guard let place, isTrusted(state, place) else { return false }
        let data = state.servers[place].data
        for index in 0..<setup.copies where state.copies[index].phase != .idle { return false }
        guard data.eventEpoch == data.epoch, data.hasOutbox,
            data.epoch == state.ledger.epoch
        else { return false }
        if data.outbox.count > 0, data.outbox.list[Int(data.outbox.count) - 1].id > state.ledger.cursor { return false }
        for booking in 0..<setup.bookings where state.ledger.verdicts[booking] == 1 { return false }
        return differs(state, data)
    }

    /// Whether every client takes this Redis for the validated one, and will go on doing so.
    private func isTrusted(_ state: State, _ place: Int) -> Bool {
        if holds(.identityAgain) { return isValidated(state.servers[place]) }
        let copy = state.copies[0].connection
        return Int(copy.server) == place + 1 && state.servers[place].data.gate == .open
            && isKnown(copy, state.servers[place].data)
    }

    private func differs(_ state: State, _ data: Data) -> Bool {
        for booking in 0..<setup.bookings {
            let row = state.ledger.rows[booking]
            let record = data.records[booking]
            if record.epoch == data.epoch {
                if record.image.status != row.status || record.image.version != row.version { return true }
            } else if row.status.isHeld {
                return true
            }
        }
        let owned = seats(state.ledger.rows)
        return owned[0] != data.seats[0] || owned[1] != data.seats[1]
    }
}
