package import BoxOffice
import LuaLibrary
import RedisClient

/// The result of a step of recovery.
package enum RecoveryStep: Sendable, Equatable {
    /// It is done.
    case done
    /// A later recovery took over: give up.
    case stale
}

/// The data of a partition in a Redis that is to be recovered.
package struct ClosedPartition: Sendable {
    /// The epoch that its data descends from; 0 if there is none.
    package let lineage: Int64
    /// Whether its outbox is gone, or something is known to be wrong: records show what is not persisted.
    package let isDamaged: Bool
    /// Whether it is in the first form of Redis's data: it is recovered into the present one.
    package let isFirstForm: Bool
}

extension Inventory {
    /// Maximum number of users or blocks in a call of `load_fields`, of keys in `load_keys` and of bookings in
    /// `load_booking`; bounds the functions' argument lists.
    package static let loadLimit = 200

    /// Closes a partition to all functions except those of the recovery with `epoch`.
    ///
    /// - Returns: the state of its data; `nil` if a later recovery has closed the partition.
    package func close(_ partition: Partition, epoch: Int64) async throws(InventoryError) -> ClosedPartition? {
        forgetEpoch(partition)
        let reply = try await evaluate(
            functions.close, keys: [keys.meta(partition), keys.outbox(partition)], arguments: [String(epoch)])
        guard reply.word == "OK" else { return nil }
        return ClosedPartition(
            lineage: reply.integer(0) ?? 0, isDamaged: reply.integer(1) == 1, isFirstForm: reply.integer(2) == 1)
    }

    /// Opens a partition: the last step of its recovery.
    ///
    /// - Parameter cursor: up to where PostgreSQL has its outbox.
    package func open(
        _ partition: Partition, epoch: Int64, cursor: StreamID
    ) async throws(InventoryError) -> RecoveryStep {
        let reply = try await evaluate(
            functions.open, keys: [keys.meta(partition), keys.outbox(partition)],
            arguments: [String(epoch), try identity(), cursor.description])
        return reply.word == "OK" ? .done : .stale
    }

    /// Loads an event into Redis: because it was published or, with `recovering`, in the recovery of that epoch.
    ///
    /// An event that is loaded under this epoch stays as it is.
    package func load(_ policy: EventPolicy, recovering epoch: Int64?) async throws(InventoryError) -> RecoveryStep {
        let partition = keys.partition(of: policy.event)
        let arguments = Self.arguments(policy, sequence: try await firstSequence(partition, epoch))
        let functionKeys = [keys.meta(partition), keys.event(policy.event)]
        let reply: Reply
        if let epoch {
            let head = [Array(String(epoch).utf8), []]
            reply = try await evaluate(functions.loadEvent, keys: functionKeys, bytes: head + arguments)
        } else {
            reply = try await run(functions.loadEvent, partition: partition, keys: functionKeys, bytes: arguments)
        }
        return reply.word == "OK" || reply.word == "EXISTS" ? .done : .stale
    }

    /// The arguments of `load_event` after the first two.
    private static func arguments(_ policy: EventPolicy, sequence: Int64) -> [[UInt8]] {
        var numbers: [UInt8] = []
        numbers.append(policy.clock, width: 6)
        numbers.append(sequence, width: 6)
        var tiers: [UInt8] = []
        for tier in policy.tiers {
            tiers.append(tier.tier.uuid)
            tier.append(to: &tiers)
        }
        let seats = policy.seats
        return [
            policy.event.uuid.bytes, Array(policy.termsText.utf8), Array(policy.rowsText.utf8), numbers, tiers,
            seats?.bytes ?? [], seats.map { SeatMap.runs($0.bytes) } ?? [], seats?.map.offsets ?? [],
        ]
    }

    /// Sequence numbers of an event never repeat, even if Redis has lost the last one: each epoch has a billion of its
    /// own, and the six bytes in Redis leave room for 281,000 epochs.
    private func firstSequence(_ partition: Partition, _ recovering: Int64?) async throws(InventoryError) -> Int64 {
        let epoch = recovering == nil ? Int64(try await epoch(partition)) : recovering
        return (epoch ?? 0) * 1_000_000_000
    }

    /// Loads users' totals of an event, in a recovery.
    ///
    /// - Parameter users: at most `loadLimit`.
    package func loadUsers(
        _ users: [UserTotals], event: EventID, epoch: Int64
    ) async throws(InventoryError) -> RecoveryStep {
        try await loadFields(users.map { (KeySpace.userField($0.user), $0.bytes) }, keys.event(event), event, epoch)
    }

    /// Loads an event's blocks, in a recovery; its counters and seats already include them.
    ///
    /// - Parameter blocks: at most `loadLimit`.
    package func loadBlocks(_ blocks: [Block], event: EventID, epoch: Int64) async throws(InventoryError)
        -> RecoveryStep
    {
        try await loadFields(blocks.map { ($0.id.uuid.bytes, $0.bytes) }, keys.blocks(event), event, epoch)
    }

    private func loadFields(
        _ fields: [(name: [UInt8], value: [UInt8])], _ key: String, _ event: EventID, _ epoch: Int64
    ) async throws(InventoryError) -> RecoveryStep {
        precondition(fields.count <= Self.loadLimit, "too many in one call")
        guard !fields.isEmpty else { return .done }
        let arguments = [Array(String(epoch).utf8)] + fields.flatMap { [$0.name, $0.value] }
        let partition = keys.partition(of: event)
        let reply = try await evaluate(functions.loadFields, keys: [keys.meta(partition), key], bytes: arguments)
        return reply.word == "OK" ? .done : .stale
    }

    /// Loads live holds of an event, in a recovery.
    ///
    /// - Parameter bookings: at most `loadLimit`.
    package func loadHolds(
        _ bookings: [(id: BookingID, record: BookingRecord)], event: EventID, epoch: Int64
    ) async throws(InventoryError) -> RecoveryStep {
        precondition(bookings.count <= Self.loadLimit, "too many bookings in one call")
        guard !bookings.isEmpty else { return .done }
        let partition = keys.partition(of: event)
        var arguments = [Array(String(epoch).utf8), [], []]
        for booking in bookings { arguments += [booking.id.uuid.bytes, booking.record.bytes] }
        let reply = try await evaluate(
            functions.loadBooking, keys: [keys.meta(partition), keys.event(event)], bytes: arguments)
        return reply.word == "OK" ? .done : .stale
    }

    /// Loads one booking that has left Redis, so that an operation can change it.
    ///
    /// - Parameters:
    ///   - claimed: PostgreSQL's part of its claim's answer (`BookingRecord.claimed`).
    ///   - readAt: a moment before PostgreSQL was read; refused 10 s later, and after a recovery: the booking may have
    ///     changed since, and left Redis again.
    /// - Returns: false if the image is too old to be trusted: read it again.
    package func loadBooking(
        _ id: BookingID, _ image: Booking, claimed: [UInt8]? = nil, readAt: Moment
    ) async throws(InventoryError) -> Bool {
        guard let epoch = Int64(readAt.epoch) else { return false }
        let record = BookingRecord(image: image, epoch: epoch, claimed: claimed)
        let head = [
            readAt.epoch, Self.openState(epoch: readAt.epoch, identity: try identity()), String(readAt.milliseconds),
        ].map { Array($0.utf8) }
        let reply = try await evaluate(
            functions.loadBooking, keys: [keys.meta(id.partition), keys.event(image.event)],
            bytes: head + [id.uuid.bytes, record.bytes])
        if reply.word != "OK" { forgetEpoch(id.partition) }
        return reply.word == "OK"
    }

    /// A point in a partition's history.
    package struct Moment: Sendable {
        let epoch: String
        let milliseconds: Int64
    }

    /// The present moment, by Redis's clock and the partition's epoch.
    package func moment(_ partition: Partition) async throws(InventoryError) -> Moment {
        let epoch = try await epoch(partition)
        let milliseconds = try await now()
        return Moment(epoch: epoch, milliseconds: milliseconds)
    }
}
