extension World {
    /// Persists a batch: `BatchWriter`, and the handling of a refused batch in `OutboxWriter`.
    func write(_ state: inout State, _ batch: Entries) {
        var rows = state.ledger.rows
        for index in 0..<Int(batch.count) {
            let entry = batch.list[index]
            take(&rows, Int(entry.booking), entry.image)
            if entry.also > 0 { take(&rows, Int(entry.also) - 1, entry.claimed) }
        }
        if !isContested(rows) || !holds(.judge) {
            state.ledger.rows = rows
            for index in 0..<Int(batch.count) {
                state.ledger.pay(Int(batch.list[index].booking), batch.list[index].image)
            }
            return
        }
        for index in 0..<Int(batch.count) {
            let entry = batch.list[index]
            judge(&state, Int(entry.booking), entry.image)
            if entry.also > 0 { judge(&state, Int(entry.also) - 1, entry.claimed) }
        }
    }

    /// Applies a later version, `NetChange`.
    func take(_ rows: inout InlineArray<3, Image>, _ booking: Int, _ image: Image) {
        let old = rows[booking]
        guard image.version > old.version else { return }
        let isUndone = old.status == .confirmed && image.status != .confirmed && image.status != .cancelled
        guard !isUndone || !holds(.confirmedStays) else { return }
        rows[booking] = image
    }

    /// Whether two bookings have the same seat: the primary key of `event_seats`.
    func isContested(_ rows: InlineArray<3, Image>) -> Bool {
        let third = setup.isOneSeat && rows[2].status.isLive
        return rows[0].status.isLive ? rows[1].status.isLive || third : rows[1].status.isLive && third
    }

    /// Judges one transition on its own; a seat that another booking has is refused.
    private func judge(_ state: inout State, _ booking: Int, _ image: Image) {
        if state.ledger.verdicts[booking] > 0, image.status.isLive { return }
        var rows = state.ledger.rows
        take(&rows, booking, image)
        guard isContested(rows) else {
            state.ledger.rows = rows
            state.ledger.pay(booking, image)
            return
        }
        state.ledger.verdicts[booking] = 1
        if !state.isLossy {
            state.violation = .spuriousVerdict
        } else if !setup.allowsVerdicts {
            state.violation = .verdict
        }
    }
}

extension Ledger {
    /// Persists an image's payment, `NetChange.paymentRows`.
    mutating func pay(_ booking: Int, _ image: Image) {
        guard image.attempt > 0 else { return }
        let slot = slot(booking, image.attempt)
        guard image.version > paymentVersions[slot] else { return }
        payments[slot] = image.money
        paymentVersions[slot] = image.version
    }

    /// A booking as it is read, with its latest payment: `BookingStore`.
    func image(_ booking: Int) -> Image {
        var image = rows[booking]
        (image.attempt, image.money) = (0, .none)
        var latest: UInt8 = 0
        for attempt in UInt8(1)...2 where paymentVersions[slot(booking, attempt)] >= max(latest, 1) {
            latest = paymentVersions[slot(booking, attempt)]
            (image.attempt, image.money) = (attempt, payments[slot(booking, attempt)])
        }
        return image
    }
}
