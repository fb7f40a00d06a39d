import BoxOffice

/// PostgreSQL's data of a partition.
struct DurablePartition {
    var events: [ModelEvent] = []
    /// Every booking that was ever persisted.
    var bookings: [UUIDBytes: ModelBooking] = [:]

    /// Copies Redis's present state.
    mutating func take(_ model: ModelInventory, _ partition: Int) {
        events = events.map { event in model.events.first { $0.id == event.id } ?? event }
        let ids = Set(events.map(\.id))
        bookings.merge(model.bookings.filter { ids.contains($0.value.event) }) { $1 }
    }
}

/// A step of a recovery.
enum RecoveryTask {
    case event(ModelEvent)
    case fields(event: UUIDBytes, ModelFields)
    case bookings(event: UUIDBytes, [ModelBooking])
    case keys(event: UUIDBytes, [ModelUsedKey])
    case open
}

extension CommandGenerator {
    /// Starts a recovery, sometimes under an epoch that is too low.
    mutating func close(_ partition: Int) -> ScriptStep {
        let epoch = chance(70) ? highestEpoch + 1 : number(max(1, highestEpoch - 1)...highestEpoch + 3)
        let wasOpen = model.partitions[partition].isOpen
        let reply = model.close(partition, epoch: epoch)
        if reply.first == .text("OK") {
            highestEpoch = max(highestEpoch, epoch)
            // The outbox is persisted first. A partition under recovery has nothing new.
            if wasOpen { durable[partition].take(model, partition) }
            agenda[partition] = tasks(partition)
        }
        let keys = [ModelKeys.meta(partition), ModelKeys.outbox(partition)]
        return ScriptStep(.close, keys: keys, arguments: [Array(String(epoch).utf8)], reply)
    }

    private mutating func tasks(_ partition: Int) -> [RecoveryTask] {
        var tasks: [RecoveryTask] = []
        for index in durable[partition].events.indices {
            if chance(20) { durable[partition].events[index].policy = policy() }
            let event = durable[partition].events[index]
            tasks.append(.event(event))
            if !event.totals.isEmpty { tasks.append(.fields(event: event.id, .totals(event.totals))) }
            if !event.blocks.isEmpty { tasks.append(.fields(event: event.id, .blocks(event.blocks))) }
            let bookings = durable[partition].bookings.values.filter { $0.event == event.id }.sorted { $0.id < $1.id }
            let loaded = bookings.filter { $0.status.isHeld || chance(5) }
            for start in stride(from: 0, to: loaded.count, by: 200) {
                tasks.append(.bookings(event: event.id, Array(loaded[start..<min(start + 200, loaded.count)])))
            }
            // Keys of the last day, and of some hours more.
            let keys = bookings.filter { $0.created > time - 100_000_000 }.compactMap { booking in
                booking.key.map {
                    ModelUsedKey(key: $0, booking: booking.id, created: booking.created, user: booking.user)
                }
            }
            if !keys.isEmpty { tasks.append(.keys(event: event.id, keys)) }
        }
        return tasks + [.open]
    }

    /// The recovery's next step, sometimes twice or under another epoch.
    mutating func recoveryStep(_ partition: Int) -> ScriptStep {
        guard let task = agenda[partition].first else { return close(partition) }
        var caller = caller(partition)
        caller.identity = ""
        let step = perform(task, partition, caller)
        if step.reply?.first == .text("OK") || step.reply?.first == .text("EXISTS"), chance(90) {
            agenda[partition].removeFirst()
        }
        return step
    }

    private mutating func perform(_ task: RecoveryTask, _ partition: Int, _ caller: ModelCaller) -> ScriptStep {
        switch task {
        case .event(let event):
            return loadEvent(event, caller)
        case .fields(let event, let fields):
            let reply = model.loadFields(fields, event: event, partition: partition, epoch: caller.epoch)
            return .loadFields(fields, event, partition, caller, reply)
        case .bookings(let event, let bookings):
            return loadBookings(bookings, event, partition, caller, readAt: "")
        case .keys(let event, let keys):
            let reply = model.loadKeys(keys, event: event, partition: partition, epoch: caller.epoch)
            return .loadKeys(keys, event, partition, caller, reply)
        case .open:
            let cursor = pick([(0, 0), (time, 3), (1, number(0...9))])
            let reply = model.open(
                partition, epoch: caller.epoch, identity: Self.identity, cursor: "\(cursor.0)-\(cursor.1)")
            return ScriptStep(
                .open, keys: [ModelKeys.meta(partition), ModelKeys.outbox(partition)],
                arguments: [String(caller.epoch), Self.identity, "\(cursor.0)-\(cursor.1)"].map { Array($0.utf8) },
                reply)
        }
    }

    /// `load_event`; the event's clock in Redis is later than the one in PostgreSQL.
    mutating func loadEvent(_ event: ModelEvent, _ caller: ModelCaller) -> ScriptStep {
        let load = ModelLoad(
            event: event.id, partition: event.partition, policy: event.policy, clock: event.clock,
            sequence: chance(50) ? 0 : event.sequence, tiers: event.tiers, rows: event.rows)
        return .loadEvent(load, event, caller, model.load(load, caller))
    }

    /// Loads a booking that may have left Redis, to act on it.
    mutating func loadBooking(_ partition: Int) -> ScriptStep {
        let known = durable[partition].bookings
        let wanted = bookingIDs[partition].compactMap { known[$0] }
        guard !wanted.isEmpty else { return availability(partition) }
        let booking = pick(wanted)
        return loadBookings(
            [booking], booking.event, partition, caller(partition),
            readAt: chance(90) ? ScriptStep.clockArgument : "1")
    }

    private mutating func loadBookings(
        _ bookings: [ModelBooking], _ event: UUIDBytes, _ partition: Int, _ caller: ModelCaller, readAt: String
    ) -> ScriptStep {
        var bookings = bookings
        for index in bookings.indices where chance(15) { bookings[index].forgetAnswer() }
        let reply = model.load(bookings, partition: partition, caller, isTooOld: readAt == "1")
        return .loadBookings(bookings, event, partition, caller, readAt: readAt, reply)
    }
}
