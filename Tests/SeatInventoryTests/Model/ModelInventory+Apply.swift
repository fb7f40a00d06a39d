import BoxOffice

/// `apply`: a group of operations on one event, judged in order at one moment and written at once. `apply_full` runs in
/// a full Redis and refuses operations that take units.
extension ModelInventory {
    mutating func apply(
        _ caller: ModelCaller, event id: UUIDBytes, partition: Int, _ operations: [ModelOperation], isFull: Bool = false
    ) -> [ModelReply] {
        if let refusal = refusal(partition, caller) { return refusal }
        guard let event = event(id), events[event].partition == partition else { return [.text("NO_EVENT")] }
        guard events[event].epoch == caller.epoch else { return [.text(events[event].missing)] }
        let now = now(event)
        let hopeless = isFull ? nil : hopeless(operations, event)
        let answers =
            hopeless
            ?? operations.map { operation in
                isFull && operation.takesUnits ? ModelAnswer("FULL") : perform(operation, event)
            }
        let entry = finish(event, caller)
        return [.text("OK"), .number(now), entry] + answers.flatMap { [.text($0.word), $0.payload] }
    }

    mutating func perform(_ operation: ModelOperation, _ event: Int) -> ModelAnswer {
        switch operation.kind {
        case .claim(let claim): self.claim(claim, operation, event)
        case .move(let move): self.move(move, operation, event)
        case .block(let request): block(request, event)
        case .unblock(let block): unblock(block, event)
        case .expire: expire(event)
        case .unreadable: ModelAnswer("MALFORMED")
        }
    }

    /// Adds a booking's next version to the group, and returns it.
    @discardableResult
    mutating func put(
        _ booking: ModelBooking, _ event: Int, _ operation: ModelOperation? = nil, isClaim: Bool = false
    ) -> ModelBooking {
        var booking = booking
        booking.version += 1
        booking.updated = now(event)
        booking.epoch = events[event].epoch
        booking.entry = partitions[events[event].partition].log.count
        events[event].holds[booking.id] = booking.status == .reserved ? booking.expires : nil
        events[event].attempts[booking.id] = booking.status == .pendingPayment ? booking.deadline : nil
        if isClaim {
            events[event].index.claim(expires: booking.expires)
        } else if let old = bookings[booking.id] {
            events[event].index.put(booking, old: old)
            if old.status != booking.status { moves.insert([old.status, booking.status]) }
        }
        bookings[booking.id] = booking
        touchedBookings.insert(booking.id)
        events[event].unit.changes.append(
            ModelEntry.Change(
                booking: booking.id, awaits: operation?.awaits ?? false, record: booking.record,
                trace: operation?.trace ?? ""))
        return booking
    }

    /// Releases all units of a live booking.
    mutating func release(_ booking: ModelBooking, _ event: Int) {
        events[event].move(booking, from: booking.status == .confirmed ? .sold : .held, to: .available)
        events[event].count(booking, -1)
    }

    @discardableResult
    mutating func expire(_ booking: ModelBooking, _ event: Int) -> ModelBooking {
        var booking = booking
        release(booking, event)
        booking.status = .expired
        booking.deadline = 0
        booking.reason = "hold-expired"
        return put(booking, event)
    }

    /// Releases due holds: checks 64 entries of the indexes and the rest of their groups. Runs once per group of
    /// operations, which is one moment.
    mutating func releaseDue(_ event: Int) {
        let now = now(event)
        guard !events[event].unit.hasLooked else { return }
        events[event].unit.hasLooked = true
        guard let next = events[event].index.next, next <= now else { return }
        events[event].unit.hasSwept = true
        let due = events[event].index.takeDue(now)
        for id in due { judge(id, event) }
        events[event].unit.hasMore = events[event].index.next.map { $0 <= now } ?? false
    }

    /// Expires a listed hold if it is due; lists it again if it was listed too early.
    private mutating func judge(_ id: UUIDBytes, _ event: Int) {
        guard let booking = bookings[id], booking.epoch == events[event].epoch, let lapse = booking.lapses else {
            return
        }
        if lapse <= now(event) {
            expire(booking, event)
        } else if booking.status == .reserved, events[event].index.change.others[id] == .some(nil) {
            events[event].index.add(booking)
        } else if booking.status == .pendingPayment, events[event].index.change.paying[id] == .some(nil) {
            events[event].index.change.paying[id] = .some(booking.deadline)
            events[event].index.look(at: lapse)
        }
    }

    /// Writes the group unless it changed nothing. Returns the entry's id.
    mutating func finish(_ event: Int, _ caller: ModelCaller) -> ModelReply {
        let unit = events[event].unit
        events[event].unit = ModelUnit()
        let hasEntry =
            !unit.changes.isEmpty || !unit.blocks.isEmpty || !unit.unblocked.isEmpty || unit.changesPolicy
        guard hasEntry || unit.hasSwept else { return .text("") }
        let now = now(event)
        events[event].clock = now
        events[event].index.commit(unit.claimed)
        let totals = events[event].totals
        events[event].keys.settle(now) { totals[$0] != nil }
        guard hasEntry else { return .text("") }
        events[event].sequence += 1
        let state = events[event]
        let tiers = state.tiers.map { tier in
            ModelBytes.of {
                $0.id(tier.id); $0.raw(tier.bytes)
            }
        }
        let changed = Set(unit.tiers.map { tiers[$0] })
        let entry = ModelEntry(
            head: ModelBytes.of { writer in
                writer.id(state.id)
                writer.number(state.epoch, 4)
                writer.number(state.sequence, 6)
                writer.number(now, 6)
                writer.number(2, 1)
            },
            tiers: changed, others: Set(tiers).subtracting(changed),
            channel: unit.changes.contains(where: \.awaits) ? Array(caller.channel.utf8) : [],
            changes: Dictionary(grouping: unit.changes, by: \.booking).mapValues { $0.map(\.bytes) },
            made: unit.blocks.flatMap { $0.block.noted($0.id) },
            removed: Set(unit.unblocked.map { id in ModelBytes.of { $0.id(id) } }))
        partitions[state.partition].log.append(entry)
        return .entry(partition: state.partition, place: partitions[state.partition].log.count - 1)
    }
}
