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
        return ClosedPartition(lineage: reply.integer(0) ?? 0, isDamaged: reply.integer(1) == 1)
    }

    /// Opens a partition: the last step of its recovery.
    ///
    /// - Parameter cursor: up to where PostgreSQL has its outbox.
    public func open(
        _ partition: Partition, epoch: Int64, cursor: StreamID
    ) async throws(InventoryError) -> RecoveryStep {
        let reply = try await evaluate(
            functions.open, keys: [keys.meta(partition), keys.outbox(partition)],
            arguments: [
                String(epoch), try identity(), String(cursor.milliseconds), String(cursor.sequence),
            ])
        return reply.word == "OK" ? .done : .stale
    }

    /// Puts an event into Redis: with `recovering` the epoch of the recovery under way, else because it was published.
    ///
    /// An event that is there under this epoch stays as it is.
    public func load(_ policy: EventPolicy, recovering epoch: Int64?) async throws(InventoryError) -> RecoveryStep {
        let event = policy.event
        let partition = keys.partition(of: event)
        let scriptKeys = [
            keys.meta(partition), keys.event(event), keys.users(event), keys.expiries(event), keys.paying(event),
            keys.due(partition),
        ]
        let sequence = try await firstSequence(partition, epoch)
        let arguments = [event.description] + policy.terms.map(\.text) + [String(policy.clock), String(sequence)]
        var bytes = arguments.map { Array($0.utf8) }
        let seats = policy.seats
        bytes.append(Array((seats?.ranges ?? "").utf8))
        bytes += [seats?.bytes ?? [], seats.map { SeatMap.runs($0.bytes) } ?? [], seats?.map.offsets ?? []]
        for tier in policy.tiers { bytes += [Array(tier.tier.description.utf8), Array(tier.text.utf8)] }
        let reply: Reply
        if let epoch {
            let head = [Array(String(epoch).utf8), []]
            reply = try await evaluate(functions.loadEvent, keys: scriptKeys, bytes: head + bytes)
        } else {
            reply = try await run(functions.loadEvent, partition: partition, keys: scriptKeys, bytes: bytes)
        }
        return reply.word == "OK" || reply.word == "EXISTS" ? .done : .stale
    }

    /// Sequence numbers of an event never repeat, also when Redis has forgotten how far they went: each epoch has a
    /// billion of its own, and 2^53 leave room for nine million epochs.
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
        try await loadFields(users.map { (EscapedText.encode($0.user.text), $0.text) }, keys.users(event), event, epoch)
    }

    /// Puts an event's blocks back, in a recovery; its counters and seats know of them already.
    ///
    /// - Parameter blocks: at most `loadLimit`.
    public func loadBlocks(_ blocks: [Block], event: EventID, epoch: Int64) async throws(InventoryError) -> RecoveryStep
    {
        try await loadFields(blocks.map { ($0.id.description, $0.text) }, keys.blocks(event), event, epoch)
    }

    private func loadFields(
        _ fields: [(name: String, value: String)], _ key: String, _ event: EventID, _ epoch: Int64
    ) async throws(InventoryError) -> RecoveryStep {
        precondition(fields.count <= Self.loadLimit, "too many in one call")
        guard !fields.isEmpty else { return .done }
        let arguments = [String(epoch)] + fields.flatMap { [$0.name, $0.value] }
        let partition = keys.partition(of: event)
        let reply = try await evaluate(functions.loadFields, keys: [keys.meta(partition), key], arguments: arguments)
        return reply.word == "OK" ? .done : .stale
    }

    /// Puts the keys of claims back, in a recovery: each is finished from its booking's state when it is used again.
    ///
    /// - Parameter claims: at most `loadLimit`.
    public func loadKeys(
        _ claims: [RememberedClaim], partition: Partition, epoch: Int64
    ) async throws(InventoryError) -> RecoveryStep {
        precondition(claims.count <= Self.loadLimit, "too many keys in one call")
        guard !claims.isEmpty else { return .done }
        var arguments = [String(epoch)]
        for claim in claims {
            arguments += [
                claim.digest, "\(claim.fingerprint)|\(claim.booking)|run|0", String(claim.remainingMilliseconds),
            ]
        }
        let reply = try await evaluate(functions.loadKeys, keys: [keys.meta(partition)], arguments: arguments)
        return reply.word == "OK" ? .done : .stale
    }

    /// Puts live holds back, in a recovery.
    ///
    /// - Parameter bookings: at most `loadLimit`.
    public func loadHolds(
        _ bookings: [(id: BookingID, image: BookingImage)], partition: Partition, epoch: Int64
    ) async throws(InventoryError) -> RecoveryStep {
        precondition(bookings.count <= Self.loadLimit, "too many bookings in one call")
        guard !bookings.isEmpty else { return .done }
        var arguments = [String(epoch), "", ""]
        for booking in bookings { arguments += [booking.id.description, booking.image.text, ""] }
        let reply = try await evaluate(functions.loadBooking, keys: [keys.meta(partition)], arguments: arguments)
        return reply.word == "OK" ? .done : .stale
    }

    /// Puts one booking that left Redis back, to act on it.
    ///
    /// - Parameter readAt: before PostgreSQL was read; refused 10 s later, and after a recovery: the booking may have
    ///   moved on since, and left Redis again.
    /// - Returns: false when the image is too old to be trusted: read it again.
    public func loadBooking(
        _ id: BookingID, _ image: BookingImage, readAt: Moment
    ) async throws(InventoryError) -> Bool {
        let reply = try await evaluate(
            functions.loadBooking, keys: [keys.meta(id.partition)],
            arguments: [
                readAt.epoch, try identity(), String(readAt.milliseconds), id.description, image.text, "",
            ])
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
