/// Generates the next states.
struct World {
    let setup: Setup
    private(set) var next: [(move: Move, state: State)] = []

    init(_ setup: Setup) { self.setup = setup }

    /// An open, empty partition, with every client connected.
    var first: State {
        var state = State()
        var server = Server(isUp: true, isPrimary: true, run: 1, replication: 1)
        server.data.epoch = 1
        server.data.lineage = 1
        (server.data.run, server.data.replication) = (1, 1)
        server.data.gate = .open
        server.data.hasOutbox = true
        server.data.eventEpoch = 1
        state.servers[0] = server
        if setup.keepsImage {
            state.servers[1] = server
            state.servers[1].isPrimary = false
            state.servers[1].run = 2
        }
        state.ledger.owner = 1
        let connection = Connection(server: 1, run: 1, replication: 1)
        for index in 0..<setup.callers { state.callers[index].connection = connection }
        for index in 0..<setup.copies {
            state.copies[index].connection = connection
            state.copies[index].owner = UInt8(index + 1)
        }
        state.copies[0].isLeased = true
        state.copies[0].epoch = 1
        state.copies[0].lineage = 1
        return state
    }

    func holds(_ rule: Rule) -> Bool { setup.rules.holds(rule) }

    /// Generates all states that can follow a state.
    mutating func advance(_ state: State) {
        next.removeAll(keepingCapacity: true)
        for caller in 0..<setup.callers { addCaller(state, caller) }
        if setup.pays { addMoney(state) }
        addHearing(state)
        addFaults(state)
        for copy in 0..<setup.copies { addCopy(state, copy) }
    }

    mutating func add(_ move: Move, _ state: State) {
        guard !state.isBeyond else { return }
        var state = state
        if state.violation == .none { state.violation = judged(state) }
        next.append((move, state))
    }

    // MARK: - Scripts

    /// Whether Redis accepts a script on this connection, `lua/lib/partition.lua`.
    func admits(_ connection: Connection, _ state: State) -> Bool {
        guard connection.server > 0 else { return false }
        let server = state.servers[Int(connection.server) - 1]
        guard server.isUp, server.isPrimary, server.data.epoch > 0 else { return false }
        if holds(.closedWhileRecovering), server.data.gate != .open { return false }
        return server.data.eventEpoch == server.data.epoch && isKnown(connection, server.data)
    }

    /// Whether the identity is the validated one.
    func isKnown(_ connection: Connection, _ data: Data) -> Bool {
        data.run == connection.run && (data.replication == connection.replication || !holds(.replicationIdentity))
    }

    /// Whether a new client of this server would find it validated.
    func isValidated(_ server: Server) -> Bool {
        server.isUp && server.isPrimary && server.data.gate == .open
            && isKnown(Connection(server: 1, run: server.run, replication: server.replication), server.data)
    }

    /// A booking as scripts see it; a record of another epoch counts as missing.
    func image(_ data: Data, _ booking: Int) -> Image {
        let record = data.records[booking]
        return record.epoch == data.epoch || !holds(.recordEpoch) ? record.image : Image()
    }

    func seat(of booking: Int) -> Int { booking == 2 && !setup.isOneSeat ? 1 : 0 }

    /// Stores a booking's next version, with its seat and its entry: `commit.write`.
    func put(
        _ state: inout State, _ server: Int, _ booking: Int, _ status: Status, _ money: Money? = nil,
        attempt: UInt8? = nil, also: Int? = nil
    ) {
        if let also, !holds(.groupIsOneEntry) {
            // One entry per operation, claims first.
            putAlone(&state, server, also, .reserved)
            return putAlone(&state, server, booking, status)
        }
        var data = state.servers[server].data
        if !data.hasOutbox {
            if holds(.outboxRequired) {
                state.isBeyond = true
                return
            }
            data.hasOutbox = true
            data.lastID = 0
        }
        let old = self.image(data, booking)
        let image = Image(
            status: status, version: old.version + 1, attempt: attempt ?? old.attempt, money: money ?? old.money,
            history: state.faults)
        guard image.version <= setup.versionLimit else {
            state.isBeyond = true
            return
        }
        data.records[booking] = Record(image: image, epoch: data.epoch)
        occupy(&data, booking, status)
        if let also {
            data.records[also] = Record(
                image: Image(status: .reserved, version: 1, history: state.faults), epoch: data.epoch)
            occupy(&data, also, .reserved)
        }
        data.lastID += 1
        let entry = Entry(id: data.lastID, booking: UInt8(booking), image: image, also: UInt8((also ?? -1) + 1))
        if !data.outbox.append(entry) { state.isBeyond = true }
        state.servers[server].data = data
    }

    /// One part of a group, with its own entry; the seats are those of the whole group.
    private func putAlone(_ state: inout State, _ server: Int, _ booking: Int, _ status: Status) {
        let seats = state.servers[server].data.seats
        put(&state, server, booking, status)
        if !status.isLive { state.servers[server].data.seats = seats }
    }

    private func occupy(_ data: inout Data, _ booking: Int, _ status: Status) {
        data.seats[seat(of: booking)] = status.isHeld ? .held : status == .confirmed ? .sold : .free
    }

    /// Stores a booking's next version without releasing a seat: `overrule`, money due for refund.
    func note(
        _ state: inout State, _ server: Int, _ booking: Int, _ status: Status, _ money: Money? = nil,
        attempt: UInt8? = nil
    ) {
        let seats = state.servers[server].data.seats
        put(&state, server, booking, status, money, attempt: attempt)
        state.servers[server].data.seats = seats
    }
}
