extension World {
    /// Adds the steps of a copy of the API on bookings.
    mutating func addCaller(_ state: State, _ caller: Int) {
        addConnections(state, caller)
        let connection = state.callers[caller].connection
        addReading(state, caller)
        guard admits(connection, state) else { return }
        let server = Int(connection.server) - 1
        for booking in 0..<setup.bookings where !setup.repeats || booking == 0 || state.claimed.has(booking) {
            addBooking(state, caller, server, booking)
        }
        if setup.groups { addGroup(state, server) }
        if setup.replaces { addReplacement(state, server) }
        if setup.repeats { addRepetition(state, server) }
    }

    private mutating func addConnections(_ state: State, _ caller: Int) {
        let old = state.callers[caller].connection
        for server in 0..<2 {
            guard let connection = connection(state, old, server) else { continue }
            var new = state
            new.callers[caller].connection = connection
            add(Move(kind: .connects, actor: caller, object: server), new)
        }
    }

    /// The connection after reading a server's identity; `nil` if it did not change.
    func connection(_ state: State, _ old: Connection, _ index: Int) -> Connection? {
        let server = state.servers[index]
        guard server.isUp, server.isPrimary else { return nil }
        let new = Connection(server: UInt8(index + 1), run: server.run, replication: server.replication)
        if old.server == new.server, !holds(.identityAgain) { return nil }
        guard old.server != new.server || old.run != new.run || old.replication != new.replication else { return nil }
        return new
    }

    private mutating func addBooking(_ state: State, _ caller: Int, _ server: Int, _ booking: Int) {
        let data = state.servers[server].data
        let image = image(data, booking)
        switch image.status {
        case .none:
            let isFree = data.seats[seat(of: booking)] == .free
            guard isFree, !state.claimed.has(booking), data.records[booking].epoch == 0 else { break }
            step(state, .claims, server, booking) { world, new in
                new.claimed.set(booking)
                world.put(&new, server, booking, .reserved)
                new.servers[server].data.hasKey = world.setup.repeats
            }
        case .reserved:
            if !setup.pays {
                step(state, .confirms, server, booking) { world, new in
                    world.put(&new, server, booking, .confirmed)
                    new.confirmedTo.set(booking)
                    world.wait(&new, server, booking)
                }
            }
            addExpiry(state, server, booking)
        case .paying: addExpiry(state, server, booking)
        case .confirmed where setup.cancels && !state.cancelAsked.has(booking):
            step(state, .cancels, server, booking) { world, new in
                new.cancelAsked.set(booking)
                world.put(&new, server, booking, .cancelled, image.money == .succeeded ? .refundDue : nil)
            }
        default: break
        }
    }

    private mutating func addExpiry(_ state: State, _ server: Int, _ booking: Int) {
        guard setup.expires else { return }
        step(state, .expires, server, booking) { world, new in
            world.put(&new, server, booking, .expired)
        }
    }

    private mutating func addGroup(_ state: State, _ server: Int) {
        let data = state.servers[server].data
        guard setup.bookings == 3, state.claimed & 0b101 == 0, data.seats[0] == .free, data.seats[1] == .free else {
            return
        }
        step(state, .claimsTogether, server, 0) { world, new in
            new.claimed |= 0b101
            world.put(&new, server, 0, .reserved, also: 2)
        }
    }

    /// The first booking's hold is due when its seat is claimed: one group, two versions.
    private mutating func addReplacement(_ state: State, _ server: Int) {
        let data = state.servers[server].data
        guard image(data, 0).status == .reserved, !state.claimed.has(1), data.records[1].epoch == 0 else { return }
        step(state, .replaces, server, 0) { world, new in
            new.claimed.set(1)
            world.put(&new, server, 0, .expired, also: 1)
        }
    }

    /// The first booking's claim is repeated with its key and another booking id.
    private mutating func addRepetition(_ state: State, _ server: Int) {
        let data = state.servers[server].data
        guard state.claimed.has(0), !state.claimed.has(2), data.seats[seat(of: 2)] == .free else { return }
        let isHere = image(data, 0).status != .none
        let isAnswered = data.hasKey && (isHere || holds(.goneFromPostgres))
        guard !isAnswered else { return }
        step(state, .repeats, server, 2) { world, new in
            new.claimed.set(2)
            world.put(&new, server, 2, .reserved)
            new.servers[server].data.hasKey = true
        }
    }

    /// Applies a change to a copy of the state, unless a bound is exceeded.
    mutating func step(
        _ state: State, _ kind: Move.Kind, _ actor: Int, _ object: Int, _ change: (World, inout State) -> Void
    ) {
        var new = state
        change(self, &new)
        add(Move(kind: kind, actor: actor, object: object), new)
    }

    // MARK: - Bookings that left Redis

    /// `BookingLocator`: a booking that is neither held nor in Redis is loaded into Redis for further changes.
    private mutating func addReading(_ state: State, _ caller: Int) {
        guard setup.reloads else { return }
        let own = state.callers[caller]
        guard admits(own.connection, state) else { return }
        let server = Int(own.connection.server) - 1
        let data = state.servers[server].data
        if own.read > 0 {
            addPuttingBack(state, caller, server)
            return
        }
        for booking in 0..<setup.bookings {
            let row = state.ledger.image(booking)
            guard row.version > 0, !row.status.isHeld, data.records[booking].epoch != data.epoch else { continue }
            step(state, .reads, caller, booking) { _, new in
                new.callers[caller].read = UInt8(booking + 1)
                new.callers[caller].readEpoch = data.epoch
                new.callers[caller].image = row
            }
        }
    }

    private mutating func addPuttingBack(_ state: State, _ caller: Int, _ server: Int) {
        let own = state.callers[caller]
        let booking = Int(own.read) - 1
        step(state, .putsBack, server, booking) { world, new in
            let data = new.servers[server].data
            if data.records[booking].epoch != data.epoch,
                data.epoch == own.readEpoch || !world.holds(.loadUnderReadEpoch)
            {
                new.servers[server].data.records[booking] = Record(image: own.image, epoch: data.epoch)
            }
            new.callers[caller].read = 0
            new.callers[caller].readEpoch = 0
            new.callers[caller].image = Image()
        }
    }

    // MARK: - Acknowledgements

    /// Customers learn that their confirmation is persisted: from the row, or from an equivalent message.
    mutating func addHearing(_ state: State) {
        for booking in 0..<setup.bookings where state.charges[booking] == .none {
            guard isWritten(state, booking, .confirmed) else { continue }
            step(state, .hears, 0, booking) { world, new in
                world.endWait(&new, booking)
                new.persistedTo.set(booking)
            }
        }
    }

    /// Whether PostgreSQL has the version that a customer waits for.
    func isWritten(_ state: State, _ booking: Int, _ status: Status) -> Bool {
        let row = state.ledger.rows[booking]
        let version = state.waits[booking]
        guard version > 0 else { return false }
        guard holds(.acknowledgeSameVersion) else { return row.version >= version }
        return row.version == version && row.status == status && row.history == state.waitHistories[booking]
    }

    /// Waits for the version that was just made.
    func wait(_ state: inout State, _ server: Int, _ booking: Int) {
        let image = state.servers[server].data.records[booking].image
        state.waits[booking] = image.version
        state.waitHistories[booking] = image.history
    }

    func endWait(_ state: inout State, _ booking: Int) {
        state.waits[booking] = 0
        state.waitHistories[booking] = 0
    }
}
