import BoxOffice
import Records
import SeatInventory

/// What Redis and waiting requests are sent about a batch that is committed.
struct Acknowledgement {
    let row: PartitionRow
    /// The cursor that was acknowledged before.
    let cursor: StreamID
    /// The number of entries between that and the row's cursor.
    let entries: Int
    /// For each transition that a request waits for: the request's channel, and the message.
    private(set) var notifications: [(channel: String, text: String)] = []
    /// Bookings whose units are not held any more.
    let releasable: [Inventory.ReleasableBooking]

    /// How long an ended booking stays in Redis after it was persisted; it is loaded again when a caller acts on it.
    private static let endedMilliseconds: Int64 = 3_600_000
    /// An expired booking: only a late payment still acts on it.
    private static let expiredMilliseconds: Int64 = 60_000
    /// A confirmed booking: as long as its claim's key is kept.
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
        // Not whole images: a batch has thousands, and the next batch waits until they are copied.
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
