public import Booking
import RedisClient

/// What became of a step of recovery.
public enum RecoveryStep: Sendable, Equatable {
    /// It is done.
    case done
    /// A later recovery was here: give up.
    case stale
}

extension Inventory {
    /// Users in one call of `load_users`, bookings in one of `load_booking`; the scripts bound their argument lists.
    public static let loadLimit = 200

    /// Closes a partition to every script but those of recovery under `epoch`.
    ///
    /// - Returns: the lineage of what this Redis holds, 0 when it holds nothing; `nil` when a later recovery was here.
    public func close(_ partition: Partition, epoch: Int64) async throws(InventoryError) -> Int64? {
        forgetEpoch(partition)
        let reply = try await evaluate(scripts.close, keys: [keys.meta(partition)], arguments: [String(epoch)])
        return reply.word == "OK" ? reply.integer(0) ?? 0 : nil
    }

    /// Opens a partition: the last step of its recovery.
    ///
    /// - Parameter cursor: up to where PostgreSQL has its outbox.
    public func open(
        _ partition: Partition, epoch: Int64, cursor: StreamID
    ) async throws(InventoryError) -> RecoveryStep {
        let reply = try await evaluate(
            scripts.open, keys: [keys.meta(partition), keys.outbox(partition)],
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
        var arguments = [
            event.description, policy.isCancelled ? "cancelled" : "published",
            policy.opensAt.map { String($0) } ?? "", policy.closesAt.map { String($0) } ?? "",
            String(policy.holdMilliseconds), policy.maxTicketsPerUser.map { String($0) } ?? "",
            policy.maxBookingsPerUser.map { String($0) } ?? "", policy.currency, String(policy.clock), "0",
        ]
        for tier in policy.tiers { arguments += [tier.tier.description, tier.text] }
        let reply: Reply
        if let epoch {
            reply = try await evaluate(scripts.loadEvent, keys: scriptKeys, arguments: [String(epoch), ""] + arguments)
        } else {
            reply = try await run(scripts.loadEvent, partition: partition, keys: scriptKeys, arguments: arguments)
        }
        return reply.word == "OK" || reply.word == "EXISTS" ? .done : .stale
    }

    /// Puts users' totals of an event back, in a recovery.
    ///
    /// - Parameter users: at most `loadLimit`.
    public func loadUsers(
        _ users: [(user: String, tickets: Int, bookings: Int)], event: EventID, epoch: Int64
    ) async throws(InventoryError) -> RecoveryStep {
        precondition(users.count <= Self.loadLimit, "too many users in one call")
        guard !users.isEmpty else { return .done }
        var arguments = [String(epoch)]
        for user in users { arguments += [EscapedText.encode(user.user), "\(user.tickets) \(user.bookings)"] }
        let partition = keys.partition(of: event)
        let reply = try await evaluate(
            scripts.loadUsers, keys: [keys.meta(partition), keys.users(event)], arguments: arguments)
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
        let reply = try await evaluate(scripts.loadBooking, keys: [keys.meta(partition)], arguments: arguments)
        return reply.word == "OK" ? .done : .stale
    }

    /// Puts one booking that left Redis back, to act on it.
    ///
    /// - Parameter readAt: Redis's clock before PostgreSQL was read (Unix milliseconds); refused 10 s later.
    /// - Returns: false when the image is too old to be trusted: read it again.
    public func loadBooking(
        _ id: BookingID, _ image: BookingImage, readAt: Int64
    ) async throws(InventoryError) -> Bool {
        let reply = try await run(
            scripts.loadBooking, partition: id.partition, keys: [keys.meta(id.partition)],
            arguments: [String(readAt), id.description, image.text, ""])
        return reply.word == "OK"
    }
}
