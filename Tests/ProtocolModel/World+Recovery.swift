/// `PartitionRecovery`, step by step.
extension World {
    mutating func addRecovery(_ state: State, _ index: Int) {
        let copy = state.copies[index]
        switch copy.phase {
        case .raising: raise(state, index)
        case .writingTail, .passingTail: writeTail(state, index)
        case .writingSalvage: writeSalvage(state, index)
        case .reading:
            step(state, .recovers, index, Int(Copy.Phase.reading.rawValue)) { _, new in
                for booking in 0..<3 { new.copies[index].rows[booking] = new.ledger.image(booking) }
                new.copies[index].phase = .loadingEvent
            }
        default:
            guard let server = reach(state, copy) else {
                if copy.connection.server == 0 { giveUp(state, index) }
                return
            }
            recover(state, index, server)
        }
    }

    private mutating func giveUp(_ state: State, _ index: Int) {
        let phase = Int(state.copies[index].phase.rawValue)
        var new = state
        reread(&new, index)
        add(Move(kind: .recovers, actor: index, object: phase, isRefused: true), new)
    }

    private mutating func recover(_ state: State, _ index: Int, _ server: Int) {
        let phase = state.copies[index].phase
        let data = state.servers[server].data
        switch phase {
        case .closing:
            guard data.epoch < state.copies[index].epoch else { return giveUp(state, index) }
            step(state, .recovers, index, Int(phase.rawValue)) { world, new in world.close(&new, index, server) }
        case .tail, .salvaging:
            guard isClosed(data, by: state.copies[index]) || !holds(.recoveryReads) else { return giveUp(state, index) }
            step(state, .recovers, index, Int(phase.rawValue)) { world, new in
                if phase == .tail {
                    world.readTail(&new, index, server)
                } else {
                    world.readRecords(&new, index, server)
                }
            }
        default:
            guard isClosed(data, by: state.copies[index]) || !holds(.recoveryEpoch) else { return giveUp(state, index) }
            load(state, index, server)
        }
    }

    /// `partition.recovery_refusal`.
    private func isClosed(_ data: Data, by copy: Copy) -> Bool { data.epoch == copy.epoch && data.gate == .closed }

    private mutating func raise(_ state: State, _ index: Int) {
        let copy = state.copies[index]
        guard let server = reach(state, copy), copy.epoch == state.ledger.epoch,
            copy.owner == state.ledger.owner || !holds(.ownerFence)
        else { return giveUp(state, index) }
        step(state, .recovers, index, Int(Copy.Phase.raising.rawValue)) { _, new in
            new.ledger.epoch = max(new.ledger.epoch, new.servers[server].data.epoch) + 1
            new.copies[index].epoch = new.ledger.epoch
            new.copies[index].cursor = new.ledger.cursor
            new.copies[index].lineage = new.ledger.lineage
            new.copies[index].phase = .closing
        }
    }

    private func close(_ state: inout State, _ index: Int, _ server: Int) {
        var data = state.servers[server].data
        if data.lineage > 0, !data.hasOutbox { data.isDamaged = true }
        data.epoch = state.copies[index].epoch
        data.gate = .closed
        state.servers[server].data = data
        state.copies[index].foundLineage = data.lineage
        state.copies[index].foundDamage = data.isDamaged
        state.copies[index].phase = .tail
    }

    private func readTail(_ state: inout State, _ index: Int, _ server: Int) {
        let copy = state.copies[index]
        let data = state.servers[server].data
        let batch = batch(data, after: copy.cursor)
        guard copy.foundLineage >= copy.lineage || !holds(.lineage) else {
            let last = data.outbox.count > 0 ? data.outbox.list[Int(data.outbox.count) - 1].id : 0
            state.copies[index].phase = last > copy.cursor ? .passingTail : .reading
            state.copies[index].batch = Entries()
            if last > copy.cursor { _ = state.copies[index].batch.append(Entry(id: last)) }
            return
        }
        state.copies[index].lineage = holds(.lineageOfEntries) ? copy.foundLineage : copy.epoch
        if batch.count > 0, holds(.drainTail) {
            state.copies[index].batch = batch
            state.copies[index].phase = .writingTail
        } else {
            let salvages = copy.foundDamage && copy.foundLineage > 0 && holds(.salvage)
            state.copies[index].phase = salvages ? .salvaging : .reading
        }
    }

    private mutating func writeTail(_ state: State, _ index: Int) {
        let copy = state.copies[index]
        guard isAdmitted(copy, state.ledger) else { return giveUp(state, index) }
        step(state, .recovers, index, Int(copy.phase.rawValue)) { world, new in
            let last = copy.batch.list[Int(copy.batch.count) - 1].id
            if copy.phase == .writingTail {
                world.write(&new, copy.batch)
                new.ledger.lineage = copy.lineage
            }
            new.ledger.cursor = max(new.ledger.cursor, last)
            new.copies[index].cursor = last
            new.copies[index].batch = Entries()
            new.copies[index].phase = copy.phase == .writingTail ? .tail : .reading
        }
    }

    // MARK: - Records, if the outbox is missing

    private func readRecords(_ state: inout State, _ index: Int, _ server: Int) {
        let copy = state.copies[index]
        for booking in 0..<setup.bookings {
            let record = state.servers[server].data.records[booking]
            let isJudged = state.ledger.verdicts[booking] > 0 && record.image.status.isLive
            let isLater = record.epoch == copy.foundLineage && record.image.version > state.ledger.rows[booking].version
            let isTaken = isLater && !(isJudged && holds(.salvageSparesVerdicts))
            state.copies[index].rows[booking] = isTaken ? record.image : Image()
        }
        state.copies[index].phase = .writingSalvage
    }

    /// Records are persisted in pieces, here of one booking each: ended bookings first, then those that are live in
    /// PostgreSQL.
    private mutating func writeSalvage(_ state: State, _ index: Int) {
        let copy = state.copies[index]
        guard isAdmitted(copy, state.ledger) else { return giveUp(state, index) }
        step(state, .recovers, index, Int(copy.phase.rawValue)) { world, new in
            guard let booking = world.nextSalvaged(copy, new.ledger) else {
                new.copies[index].phase = .reading
                return
            }
            var rows = new.ledger.rows
            world.take(&rows, booking, copy.rows[booking])
            if world.isContested(rows), world.holds(.judge) {
                new.violation = .deadLetter
            } else {
                new.ledger.rows = rows
                new.ledger.pay(booking, copy.rows[booking])
            }
            new.ledger.lineage = copy.lineage
            new.copies[index].rows[booking] = Image()
        }
    }

    private func nextSalvaged(_ copy: Copy, _ ledger: Ledger) -> Int? {
        let left = (0..<setup.bookings).filter { copy.rows[$0].version > 0 }
        guard holds(.endedFirst) else { return left.last { copy.rows[$0].status.isLive } ?? left.first }
        return left.first { !copy.rows[$0].status.isLive } ?? left.first { ledger.rows[$0].status.isLive } ?? left.first
    }

    // MARK: - Loading from PostgreSQL

    private mutating func load(_ state: State, _ index: Int, _ server: Int) {
        let copy = state.copies[index]
        switch copy.phase {
        case .loadingEvent:
            step(state, .recovers, index, Int(copy.phase.rawValue)) { world, new in
                new.servers[server].data.seats = world.seats(copy.rows)
                let isKnown = copy.rows[0].version > 0 || copy.rows[2].version > 0
                new.servers[server].data.hasKey = world.setup.repeats && isKnown && world.holds(.reloadKeys)
                new.servers[server].data.eventEpoch = copy.epoch
                new.copies[index].phase = .loadingHolds
            }
        case .loadingHolds:
            step(state, .recovers, index, Int(copy.phase.rawValue)) { world, new in
                for booking in 0..<world.setup.bookings
                where copy.rows[booking].status.isHeld && world.holds(.reloadHolds) {
                    new.servers[server].data.records[booking] = Record(image: copy.rows[booking], epoch: copy.epoch)
                }
                new.copies[index].phase = .opening
            }
        default: open(state, index, server)
        }
    }

    /// The seats, computed from bookings.
    func seats(_ rows: InlineArray<3, Image>) -> InlineArray<2, Data.Seat> {
        var seats = InlineArray<2, Data.Seat>(repeating: .free)
        for booking in 0..<setup.bookings where rows[booking].status.isLive {
            seats[seat(of: booking)] = rows[booking].status.isHeld ? .held : .sold
        }
        return seats
    }

    private mutating func open(_ state: State, _ index: Int, _ server: Int) {
        let copy = state.copies[index]
        let isSameRedis = copy.connection.run == copy.run && copy.connection.replication == copy.replication
        guard isSameRedis || !holds(.identityAtOpen) else { return giveUp(state, index) }
        step(state, .recovers, index, Int(copy.phase.rawValue)) { world, new in
            var data = new.servers[server].data
            data.hasOutbox = true
            if world.holds(.streamPastCursor) { data.lastID = max(data.lastID, copy.cursor) }
            (data.run, data.replication) = (copy.connection.run, copy.connection.replication)
            data.lineage = copy.epoch
            data.epoch = copy.epoch
            data.gate = .open
            data.isDamaged = false
            new.servers[server].data = data
            var idle = Copy()
            idle.connection = copy.connection
            idle.owner = copy.owner
            idle.isLeased = true
            (idle.epoch, idle.cursor, idle.lineage) = (copy.epoch, copy.cursor, copy.lineage)
            new.copies[index] = idle
        }
    }
}
