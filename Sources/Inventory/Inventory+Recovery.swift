public import Booking
import LuaLibrary
import RedisClient

/// What became of a step of recovery.
public enum RecoveryStep: Sendable, Equatable {
    /// It is done.
    case done
    /// A later recovery was here: give up.
    case stale
}

/// What a Redis that is to be recovered holds of a partition.
public struct ClosedPartition: Sendable {
    /// The epoch its data descends from; 0 when it holds nothing.
    public let lineage: Int64
    /// Whether its outbox is gone, or something is known to be wrong: records tell what is not written down.
    public let isDamaged: Bool
    /// Whether it is in the first form of what Redis held: it is recovered into this one.
    public let isFirstForm: Bool
}

extension Inventory {
    /// Users in one call of `load_users`, bookings in one of `load_booking`; the scripts bound their argument lists.
    public static let loadLimit = 200

    /// Closes a partition to every script but those of recovery under `epoch`.
    ///
    /// - Returns: what this Redis holds; `nil` when a later recovery was here.
    public func close(_ partition: Partition, epoch: Int64) async throws(InventoryError) -> ClosedPartition? {
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
    public func open(
        _ partition: Partition, epoch: Int64, cursor: StreamID
    ) async throws(InventoryError) -> RecoveryStep {
        let reply = try await evaluate(
            functions.open, keys: [keys.meta(partition), keys.outbox(partition)],
            arguments: [String(epoch), try identity(), cursor.description])
        return reply.word == "OK" ? .done : .stale
    }

    /// Puts an event into Redis: with `recovering` the epoch of the recovery under way, else because it was published.
    ///
    /// An event that is there under this epoch stays as it is.
    public func load(_ policy: EventPolicy, recovering epoch: Int64?) async throws(InventoryError) -> RecoveryStep {
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

    /// Sequence numbers of an event never repeat, also when Redis has forgotten how far they went: each epoch has a
    /// billion of its own, and the six bytes that Redis keeps leave room for 281,000 epochs.
    private func firstSequence(_ partition: Partition, _ recovering: Int64?) async throws(InventoryError) -> Int64 {
        let epoch = recovering == nil ? Int64(try await epoch(partition)) : recovering
        return (epoch ?? 0) * 1_000_000_000
    }

    /// Puts users' totals of an event back, in a recovery.
    ///
    /// - Parameter users: at most `loadLimit`.
    public func loadUsers(
        _ users: [UserTotals], event: EventID, epoch: Int64
    ) async throws(InventoryError) -> RecoveryStep {
        try await loadFields(users.map { (KeySpace.userField($0.user), $0.bytes) }, keys.event(event), event, epoch)
    }

    /// Puts an event's blocks back, in a recovery; its counters and seats know of them already.
    ///
    /// - Parameter blocks: at most `loadLimit`.
    public func loadBlocks(_ blocks: [Block], event: EventID, epoch: Int64) async throws(InventoryError) -> RecoveryStep
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

    /// Puts live holds of an event back, in a recovery.
    ///
    /// - Parameter bookings: at most `loadLimit`.
    public func loadHolds(
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

    /// Puts one booking that left Redis back, to act on it.
    ///
    /// - Parameters:
    ///   - claimed: what PostgreSQL has of its claim's answer (`BookingRecord.claimed`).
    ///   - readAt: before PostgreSQL was read; refused 10 s later, and after a recovery: the booking may have moved on
    ///     since, and left Redis again.
    /// - Returns: false when the image is too old to be trusted: read it again.
    public func loadBooking(
        _ id: BookingID, _ image: BookingImage, claimed: [UInt8]? = nil, readAt: Moment
    ) async throws(InventoryError) -> Bool {
        guard let epoch = Int64(readAt.epoch) else { return false }
        let record = BookingRecord(image: image, epoch: epoch, claimed: claimed)
        let head = [readAt.epoch, Self.openState(epoch: readAt.epoch, identity: try identity()), String(readAt.milliseconds)].map { Array($0.utf8) }
        let reply = try await evaluate(
            functions.loadBooking, keys: [keys.meta(id.partition), keys.event(image.event)],
            bytes: head + [id.uuid.bytes, record.bytes])
        if reply.word != "OK" { forgetEpoch(id.partition) }
        return reply.word == "OK"
    }

    /// A moment in a partition's history.
    public struct Moment: Sendable {
        let epoch: String
        let milliseconds: Int64
    }

    /// Now, on Redis's clock and under the partition's epoch.
    public func moment(_ partition: Partition) async throws(InventoryError) -> Moment {
        let epoch = try await epoch(partition)
        let milliseconds = try await now()
        return Moment(epoch: epoch, milliseconds: milliseconds)
    }
}
