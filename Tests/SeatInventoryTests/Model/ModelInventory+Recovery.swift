import BoxOffice

/// An event as loaded from PostgreSQL.
struct ModelLoad {
    let event: UUIDBytes
    let partition: Int
    let policy: ModelPolicy
    let clock: Int
    let sequence: Int
    let tiers: [ModelTier]
    let rows: [ModelRow]
}

/// A claim's key as loaded from PostgreSQL.
struct ModelUsedKey {
    let key: ModelKey
    let booking: UUIDBytes
    let created: Int
    let user: String
}

/// Data that a recovery loads field by field.
enum ModelFields {
    case totals([String: ModelTotals])
    case blocks([UUIDBytes: ModelBlock])
}

extension ModelInventory {
    /// `close`: the epoch can only rise.
    mutating func close(_ partition: Int, epoch: Int) -> [ModelReply] {
        guard epoch > partitions[partition].epoch else {
            return [.text("STALE"), .text(String(partitions[partition].epoch))]
        }
        partitions[partition].epoch = epoch
        partitions[partition].isOpen = false
        let isGone = partitions[partition].isOutboxGone && partitions[partition].lineage > 0
        partitions[partition].isDamaged = partitions[partition].isDamaged || isGone
        return [
            .text("OK"), .text(String(partitions[partition].lineage)),
            .number(partitions[partition].isDamaged ? 1 : 0),
            // The stored layout is the current one.
            .number(0),
        ]
    }

    /// The refusal of a recovery step, or nil: the partition must be closed under exactly this epoch.
    private func recoveryRefusal(_ partition: Int, _ epoch: Int) -> [ModelReply]? {
        let state = partitions[partition]
        guard state.epoch == epoch, !state.isOpen else { return [.text("STALE"), .text(String(state.epoch))] }
        return nil
    }

    /// `open`
    mutating func open(_ partition: Int, epoch: Int, identity: String, cursor: String) -> [ModelReply] {
        if let refusal = recoveryRefusal(partition, epoch) { return refusal }
        partitions[partition].isOpen = true
        partitions[partition].identity = identity
        partitions[partition].lineage = epoch
        partitions[partition].cursor = cursor
        partitions[partition].broken = nil
        partitions[partition].isOutboxGone = false
        partitions[partition].isDamaged = false
        // Creating the stream took one entry, which was deleted.
        partitions[partition].written = partitions[partition].log.count + 1
        return [.text("OK")]
    }

    /// `load_event`: an empty identity means a recovery.
    mutating func load(_ load: ModelLoad, _ caller: ModelCaller) -> [ModelReply] {
        let refusal =
            caller.identity.isEmpty
            ? recoveryRefusal(load.partition, caller.epoch) : refusal(load.partition, caller)
        if let refusal { return refusal }
        var fresh = ModelEvent(
            id: load.event, partition: load.partition, policy: load.policy, tiers: load.tiers, rows: load.rows,
            epoch: caller.epoch,
            sequence: load.sequence, clock: load.clock)
        if let index = event(load.event) {
            let old = events[index]
            if old.epoch == caller.epoch { return [.text("EXISTS")] }
            if old.epoch == 0, !caller.identity.isEmpty { return [.text("RECOVERING")] }
            fresh.sequence = max(old.sequence, load.sequence)
            fresh.clock = max(old.clock, load.clock)
            fresh.keys.days = old.keys.days
            let today = ModelKeyDays.day(max(time, old.clock))
            for day in [today, today - 1, old.keys.last, max(old.keys.last, 1) - 1] { fresh.keys.days[day] = nil }
            events[index] = fresh
        } else {
            events.append(fresh)
        }
        return [.text("OK")]
    }

    /// `load_keys`: a key that is already stored is not counted again.
    mutating func loadKeys(
        _ claims: [ModelUsedKey], event id: UUIDBytes, partition: Int, epoch: Int
    ) -> [ModelReply] {
        if let refusal = recoveryRefusal(partition, epoch) { return refusal }
        guard let event = event(id) else { preconditionFailure("the event was loaded") }
        var keys = events[event].keys
        for claim in claims {
            let day = ModelKeyDays.day(claim.created)
            keys.last = max(keys.last, day)
            guard keys.days[day]?.ids[claim.key.digest.high] == nil else { continue }
            keys.days[day, default: .init()].ids[claim.key.digest.high] = claim.booking
            keys.days[day]?.counts[claim.user, default: 0] += 1
        }
        keys.hasBefore = keys.days[keys.last - 1] != nil
        events[event].keys = keys
        return [.text("OK")]
    }

    /// `load_fields`: users' totals of an event, and its blocks.
    mutating func loadFields(
        _ fields: ModelFields, event id: UUIDBytes, partition: Int, epoch: Int
    ) -> [ModelReply] {
        if let refusal = recoveryRefusal(partition, epoch) { return refusal }
        if let event = event(id) {
            switch fields {
            case .totals(let totals): events[event].totals.merge(totals) { $1 }
            case .blocks(let blocks): events[event].blocks.merge(blocks) { $1 }
            }
        }
        return [.text("OK")]
    }

    /// `load_booking`: holds only in a recovery; a booking already stored under this epoch is kept.
    mutating func load(
        _ loaded: [ModelBooking], partition: Int, _ caller: ModelCaller, isTooOld: Bool
    ) -> [ModelReply] {
        let isRecovery = caller.identity.isEmpty
        let refusal =
            isRecovery ? recoveryRefusal(partition, caller.epoch) : refusal(partition, caller)
        if let refusal { return refusal }
        if !isRecovery, isTooOld { return [.text("TOO_OLD")] }
        var count = 0
        for var booking in loaded where isRecovery || !booking.status.isHeld {
            let old = bookings[booking.id]
            if old?.epoch == caller.epoch { continue }
            // Only a record still in Redis may have the claim's answer.
            if booking.isAnswerUnknown, let old, !old.isAnswerUnknown, old.isSame(as: booking) { booking = old }
            booking.epoch = caller.epoch
            booking.entry = nil
            bookings[booking.id] = booking
            touchedBookings.insert(booking.id)
            if booking.status.isHeld, let event = event(booking.event) {
                events[event].holds[booking.id] = booking.status == .reserved ? booking.expires : nil
                events[event].attempts[booking.id] = booking.status == .pendingPayment ? booking.deadline : nil
                if booking.status == .reserved {
                    events[event].index.others[booking.id] = booking.expires
                } else {
                    events[event].index.paying[booking.id] = booking.deadline
                }
                if let lapse = booking.lapses { events[event].index.look(at: lapse) }
            }
            count += 1
        }
        return [.text("OK"), .number(count)]
    }

    /// `availability`: reads only, in any state of the partition.
    func availability(event id: UUIDBytes, partition: Int) -> [ModelReply] {
        guard let event = event(id) else { return [.text("NO_EVENT")] }
        let state = events[event]
        let isOpen = partitions[partition].isOpen && state.epoch == partitions[partition].epoch
        return [
            .text("OK"), .time, .number(state.sequence), .text(isOpen ? "open" : "recovering"),
            .text(state.policy.isCancelled ? "cancelled" : "published"),
            .bytes(
                state.tiers.flatMap { tier in
                    ModelBytes.of {
                        $0.id(tier.id); $0.raw(tier.bytes)
                    }
                }),
        ]
    }

    /// `remember`: stores the answer of a request whose key has its own record.
    mutating func remember(
        _ caller: ModelCaller, partition: Int, booking id: UUIDBytes, _ key: ModelKey, status: Int, body: String
    ) -> [ModelReply] {
        if let refusal = refusal(partition, caller) { return refusal }
        let answer = "done|\(status)|\(body)"
        if let known = replay(key) {
            guard known.word == "KEY" else { return [.text("REUSED")] }
            remember(key, partition, id, answer)
            return [.text("OK")]
        }
        guard let booking = bookings[id], let event = event(booking.event) else { return [.text("NOT_FOUND")] }
        guard events[event].epoch == caller.epoch else { return [.text(events[event].missing)] }
        if events[event].keys.isFull(booking.user, now(event)) { return [.text("KEY_LIMIT")] }
        remember(key, partition, id, answer)
        events[event].keys.count(booking.user, now(event))
        events[event].clock = now(event)
        return [.text("OK")]
    }
}
