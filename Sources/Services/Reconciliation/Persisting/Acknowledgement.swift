import BoxOffice
import Records
import SeatInventory

/// The messages to Redis and to waiting requests about a committed batch.
struct Acknowledgement {
    let row: PartitionRow
    /// The cursor that was acknowledged before.
    let cursor: StreamID
    /// The number of entries between that and the row's cursor.
    let entries: Int
    /// For each transition that a request waits for: the request's channel, and the message.
    private(set) var notifications: [(channel: String, text: String)] = []
    /// Bookings that may leave Redis: ended or confirmed.
    let releasable: [Inventory.ReleasableBooking]

    /// How long an ended booking stays in Redis after its end is persisted; a caller's action loads it again.
    private static let endedMilliseconds: Int64 = 3_600_000
    /// For an expired booking: only a late payment still acts on it.
    private static let expiredMilliseconds: Int64 = 60_000
    /// For a confirmed booking: as long as the idempotency key of its claim is stored.
    private static let confirmedMilliseconds: Int64 = 86_400_000

    private static func milliseconds(_ status: BookingStatus) -> Int64 {
        switch status {
        case .confirmed: confirmedMilliseconds
        case .expired: expiredMilliseconds
        default: endedMilliseconds
        }
    }

    init(_ transitions: [OutboxEntry.Transition], _ row: PartitionRow, from cursor: StreamID, entries: Int) {
        self.row = row
        self.cursor = cursor
        self.entries = entries
        // Do not copy whole images: a batch has thousands, and the next batch waits meanwhile.
        var last: [BookingID: (status: BookingStatus, version: Int64)] = [:]
        last.reserveCapacity(transitions.count)
        for transition in transitions {
            last[transition.booking] = (transition.image.status, transition.image.version)
            guard let channel = transition.channel else { continue }
            let made = transition.image.made
            notifications.append((channel, "\(transition.booking) \(made.number) \(made.at) \(row.epoch)"))
        }
        releasable = last.compactMap { booking, end in
            guard !end.status.isHeld else { return nil }
            return Inventory.ReleasableBooking(
                booking: booking, version: end.version, milliseconds: Self.milliseconds(end.status))
        }
    }
}
