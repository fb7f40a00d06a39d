import Booking

/// An event as PostgreSQL has it.
struct ModelLoad {
    let event: String
    let partition: Int
    let policy: ModelPolicy
    let clock: Int
    let sequence: Int
    let tiers: [ModelTier]
    let rows: [ModelRow]
}

/// What a recovery puts back field by field.
enum ModelFields {
    case totals([String: ModelTotals])
    case blocks([String: ModelBlock])
}

extension ModelInventory {
    /// `close`: epochs only rise.
    mutating func close(_ partition: Int, epoch: Int) -> [ModelReply] {
        guard epoch > partitions[partition].epoch else {
            return [.text("STALE"), .text(String(partitions[partition].epoch))]
        }
        partitions[partition].epoch = epoch
        partitions[partition].isOpen = false
        let isGone = partitions[partition].isOutboxGone && partitions[partition].lineage > 0
        partitions[partition].isDamaged = partitions[partition].isDamaged || isGone
        return [
            .text("OK"), .text(String(partitions[partition].lineage)), .number(partitions[partition].isDamaged ? 1 : 0),
        ]
    }

    /// Why a step of recovery is refused, or nil: the partition is closed under exactly this epoch.
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
        // The stream was made with an entry that was taken away.
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
            events[index] = fresh
        } else {
            events.append(fresh)
        }
        return [.text("OK")]
    }

    /// `load_fields`: what users have of an event, and its blocks.
    mutating func loadFields(
        _ fields: ModelFields, event id: String, partition: Int, epoch: Int
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

    /// `load_booking`: holds only in a recovery; what is here under this epoch stays as it is.
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
            if bookings[booking.id]?.epoch == caller.epoch { continue }
            booking.epoch = caller.epoch
            booking.entry = nil
            bookings[booking.id] = booking
            touchedBookings.insert(booking.id)
            if booking.status.isHeld, let event = event(booking.event) { events[event].index(booking) }
            count += 1
        }
        return [.text("OK"), .number(count)]
    }
}
