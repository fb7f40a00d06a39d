extension World {
    /// Adds the next steps of a copy of the reconciler.
    mutating func addCopy(_ state: State, _ index: Int) {
        let copy = state.copies[index]
        for server in 0..<2 {
            guard let connection = connection(state, copy.connection, server) else { continue }
            step(state, .copyConnects, index, server) { _, new in new.copies[index].connection = connection }
        }
        if copy.phase != .idle, state.crashes < setup.crashLimit {
            step(state, .isKilled, index, 0) { world, new in
                new.crashes += 1
                world.reread(&new, index)
            }
        }
        addLease(state, index)
        switch copy.phase {
        case .idle: addIdle(state, index)
        case .writing: addCommit(state, index)
        default: addRecovery(state, index)
        }
    }

    private mutating func addLease(_ state: State, _ index: Int) {
        let isOwner = Int(state.ledger.owner) == index + 1
        if !isOwner, state.takeovers < setup.takeoverLimit {
            step(state, .takesOver, index, 0) { _, new in
                new.takeovers += 1
                new.ledger.owner = UInt8(index + 1)
                // A copy keeps what it knows of a partition while it has the lease (`LeaseTable.adopt`).
                guard !new.copies[index].isLeased else { return }
                new.copies[index].isLeased = true
                new.copies[index].epoch = new.ledger.epoch
                new.copies[index].cursor = new.ledger.cursor
                new.copies[index].lineage = new.ledger.lineage
            }
        }
        if !isOwner, state.copies[index].isLeased, state.copies[index].phase == .idle {
            step(state, .learns, index, 0) { _, new in new.copies[index].isLeased = false }
        }
    }

    private mutating func addIdle(_ state: State, _ index: Int) {
        let copy = state.copies[index]
        guard copy.isLeased, let server = reach(state, copy) else { return }
        let data = state.servers[server].data
        if isTrusted(copy, data) {
            addLook(state, index, data)
            addOverruling(state, index, server)
            addTrim(state, index, server, horizon: copy.cursor)
        } else if state.recoveries < setup.recoveryLimit {
            step(state, .looks, index, 0) { _, new in
                new.recoveries += 1
                new.copies[index].phase = .raising
                (new.copies[index].run, new.copies[index].replication) = (
                    copy.connection.run, copy.connection.replication
                )
            }
        }
    }

    /// The server that a copy's commands reach.
    func reach(_ state: State, _ copy: Copy) -> Int? {
        guard copy.connection.server > 0 else { return nil }
        let server = Int(copy.connection.server) - 1
        return state.servers[server].isUp && state.servers[server].isPrimary ? server : nil
    }

    /// `OutboxReader.scan`.
    private func isTrusted(_ copy: Copy, _ data: Data) -> Bool {
        data.epoch == copy.epoch && data.gate == .open && isKnown(copy.connection, data)
            && (data.hasOutbox || !holds(.outboxRequired)) && data.eventEpoch > 0
    }

    private mutating func addLook(_ state: State, _ index: Int, _ data: Data) {
        addBatch(state, index, batch(data, after: state.copies[index].cursor))
        guard !holds(.orderedCursor) else { return }
        // A consumer group delivers only entries that no other consumer has pending.
        for other in 0..<setup.copies where other != index && state.copies[other].phase == .writing {
            let inHand = state.copies[other].batch
            addBatch(state, index, batch(data, after: inHand.list[Int(inHand.count) - 1].id), object: 1)
        }
    }

    private mutating func addBatch(_ state: State, _ index: Int, _ batch: Entries, object: Int = 0) {
        guard batch.count > 0 else { return }
        step(state, .looks, index, object) { world, new in
            new.copies[index].batch = batch
            new.copies[index].phase = .writing
            if !world.holds(.acknowledgeAfterCommit) { world.tellEarly(&new, batch) }
            guard !world.holds(.trimBelowCursor) else { return }
            for server in 0..<2 where Int(new.copies[index].connection.server) == server + 1 {
                world.trim(&new, server, below: batch.list[Int(batch.count) - 1].id)
            }
        }
    }

    private func tellEarly(_ state: inout State, _ batch: Entries) {
        for index in 0..<Int(batch.count) {
            let entry = batch.list[index]
            guard entry.image.status == .confirmed else { continue }
            endWait(&state, Int(entry.booking))
            state.persistedTo.set(Int(entry.booking))
        }
    }

    /// XREAD.
    func batch(_ data: Data, after cursor: UInt8) -> Entries {
        var batch = Entries()
        for index in 0..<Int(data.outbox.count)
        where data.outbox.list[index].id > cursor && Int(batch.count) < setup.batchLimit {
            _ = batch.append(data.outbox.list[index])
        }
        return batch
    }

    private mutating func addCommit(_ state: State, _ index: Int) {
        let copy = state.copies[index]
        let last = copy.batch.list[Int(copy.batch.count) - 1].id
        var new = state
        guard isAdmitted(copy, state.ledger) else {
            reread(&new, index)
            add(Move(kind: .commits, actor: index, isRefused: true), new)
            return
        }
        write(&new, copy.batch)
        new.ledger.cursor = max(new.ledger.cursor, last)
        new.ledger.lineage = copy.epoch
        new.copies[index].cursor = last
        new.copies[index].batch = Entries()
        new.copies[index].phase = .idle
        add(Move(kind: .commits, actor: index), new)
    }

    /// Whether the first statement of a batch matches its row, `BatchWriter.fence`.
    func isAdmitted(_ copy: Copy, _ ledger: Ledger) -> Bool {
        (ledger.epoch == copy.epoch || !holds(.epochFence))
            && (ledger.cursor == copy.cursor || !holds(.orderedCursor))
            && (copy.isLeased && isOwner(copy, ledger) || !holds(.ownerFence))
    }

    /// A copy knows itself by the owner in the row that it last read.
    private func isOwner(_ copy: Copy, _ ledger: Ledger) -> Bool { copy.owner == ledger.owner }

    /// Rereads the row and starts over; a copy without a lease lets go of the partition.
    func reread(_ state: inout State, _ index: Int) {
        var copy = Copy()
        copy.connection = state.copies[index].connection
        copy.owner = UInt8(index + 1)
        if state.ledger.owner == copy.owner {
            copy.isLeased = true
            copy.epoch = state.ledger.epoch
            copy.cursor = state.ledger.cursor
            copy.lineage = state.ledger.lineage
        }
        state.copies[index] = copy
    }

    private mutating func addTrim(_ state: State, _ index: Int, _ server: Int, horizon: UInt8) {
        let outbox = state.servers[server].data.outbox
        guard outbox.count > 0, outbox.list[0].id < horizon else { return }
        step(state, .trims, index, 0) { world, new in world.trim(&new, server, below: horizon) }
    }

    private func trim(_ state: inout State, _ server: Int, below horizon: UInt8) {
        let outbox = state.servers[server].data.outbox
        for index in 0..<Int(outbox.count) where outbox.list[index].id < horizon {
            let entry = outbox.list[index]
            let row = state.ledger.rows[Int(entry.booking)]
            if entry.image.version > row.version, !state.isLossy { state.violation = .entryLost }
        }
        state.servers[server].data.outbox.removeAll(below: horizon)
    }

    /// `OverruleJudge.overruleAll`.
    private mutating func addOverruling(_ state: State, _ index: Int, _ server: Int) {
        for booking in 0..<setup.bookings where state.ledger.verdicts[booking] == 1 {
            step(state, .overrules, index, booking) { world, new in
                let image = world.image(new.servers[server].data, booking)
                if image.status.isLive {
                    world.note(&new, server, booking, .cancelled, image.money == .succeeded ? .refundDue : nil)
                }
                new.servers[server].data.gate = .suspect
                new.servers[server].data.isDamaged = true
                new.ledger.verdicts[booking] = 2
            }
        }
    }
}
