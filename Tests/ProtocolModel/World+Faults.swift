extension World {
    /// Adds the faults, and the steps of the lagging replica.
    mutating func addFaults(_ state: State) {
        if setup.keepsImage, state.syncs == 0, state.faults < setup.faultLimit, state.servers[0].isUp,
            state.servers[0].isPrimary, !state.servers[1].isPrimary
        {
            step(state, .syncs, 0, 0) { _, new in
                new.syncs = 1
                new.servers[1].data = new.servers[0].data
                new.servers[1].replication = new.servers[0].replication
            }
        }
        if state.servers[0].isPrimary, state.servers[1].isPrimary {
            step(state, .retires, 0, 0) { world, new in
                world.disconnect(&new, 0)
                new.servers[0] = Server()
            }
        }
        guard state.faults < setup.faultLimit else { return }
        for fault in setup.faults { addFault(state, fault) }
    }

    private mutating func addFault(_ state: State, _ fault: Fault) {
        let isWhole = state.servers[0].isPrimary && !state.servers[1].isPrimary
        switch fault {
        case .restart where state.servers[0].isPrimary:
            fail(state, .restarts) { world, new in world.restart(&new) }
        case .lostTail where isWhole:
            fail(state, .loses) { world, new in
                world.restart(&new)
                world.rewind(&new)
            }
        case .flush:
            for server in 0..<2 where state.servers[server].isUp && state.servers[server].isPrimary {
                fail(state, .flushes, server) { _, new in
                    new.servers[server].data = Data()
                    new.isLossy = true
                }
            }
        case .promotion where isWhole:
            fail(state, .promotes) { _, new in
                new.servers[1].isPrimary = true
                new.servers[1].replication = new.nextReplication
                new.nextReplication += 1
                new.isLossy = true
            }
        case .failBack where isWhole:
            fail(state, .failsBack) { world, new in
                world.rewind(&new)
                new.servers[0].replication = new.nextReplication
                new.nextReplication += 1
            }
        case .deletedOutbox where state.servers[0].isPrimary && state.servers[0].data.hasOutbox:
            fail(state, .deletes) { _, new in
                new.servers[0].data.hasOutbox = false
                new.servers[0].data.outbox = Entries()
                new.servers[0].data.lastID = 0
            }
        case .halfWritten where isWhole && isClaimable(state):
            fail(state, .breaks) { world, new in world.halfWrite(&new) }
        default: break
        }
    }

    private func isClaimable(_ state: State) -> Bool {
        let data = state.servers[0].data
        return admits(state.callers[0].connection, state) && !state.claimed.has(0) && data.seats[seat(of: 0)] == .free
            && data.records[0].epoch == 0
    }

    /// `apply` fails between its entry and its other writes; the caller gets an unknown outcome.
    private func halfWrite(_ state: inout State) {
        let before = state.servers[0].data
        state.claimed.set(0)
        put(&state, 0, 0, .reserved)
        state.servers[0].data.records = before.records
        state.servers[0].data.seats = before.seats
        if holds(.closedWhenHalfWritten) { state.servers[0].data.eventEpoch = 0 }
    }

    private mutating func fail(
        _ state: State, _ kind: Move.Kind, _ object: Int = 0, _ change: (World, inout State) -> Void
    ) {
        step(state, kind, 0, object) { world, new in
            new.faults += 1
            change(world, &new)
        }
    }

    private func restart(_ state: inout State) {
        disconnect(&state, 0)
        state.servers[0].run = state.nextRun
        state.nextRun += 1
    }

    private func rewind(_ state: inout State) {
        guard !isSame(state.servers[0].data, state.servers[1].data) else { return }
        state.servers[0].data = state.servers[1].data
        state.isLossy = true
    }

    private func disconnect(_ state: inout State, _ server: Int) {
        for index in 0..<setup.callers where Int(state.callers[index].connection.server) == server + 1 {
            state.callers[index].connection = Connection()
        }
        for index in 0..<setup.copies where Int(state.copies[index].connection.server) == server + 1 {
            state.copies[index].connection = Connection()
        }
    }
}

/// Whether two stores have the same bytes.
func isSame(_ left: Data, _ right: Data) -> Bool {
    withUnsafeBytes(of: left) { left in
        withUnsafeBytes(of: right) { right in left.elementsEqual(right) }
    }
}
