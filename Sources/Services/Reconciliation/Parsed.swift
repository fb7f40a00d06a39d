import BoxOffice
import RedisClient
import SeatInventory

/// An element of an outbox, as far as it can be understood.
enum Parsed {
    case entry(OutboxEntry)
    /// For the dead letters.
    case unreadable(id: StreamID, text: String)

    /// Reads an element of an XREAD reply; `nil` when it is none.
    init?(_ value: RedisValue, of partition: Partition, partitions: Int) {
        switch OutboxEntry.parse(value) {
        case .success(let entry): self = Self.checked(entry, partition, partitions)
        case .failure(let malformed): self = .unreadable(id: malformed.id, text: malformed.text)
        case nil: return nil
        }
    }

    /// Its place in the outbox.
    var id: StreamID {
        switch self {
        case .entry(let entry): entry.id
        case .unreadable(let id, _): id
        }
    }

    /// What it says of bookings.
    var transitions: [OutboxEntry.Transition] {
        if case .entry(let entry) = self { entry.transitions } else { [] }
    }

    /// One that is about a partition that this outbox is not of cannot be believed.
    private static func checked(_ entry: OutboxEntry, _ partition: Partition, _ partitions: Int) -> Parsed {
        guard Partition(of: entry.event, count: partitions) == partition,
            entry.transitions.allSatisfy({ $0.booking.partition == partition })
        else { return .unreadable(id: entry.id, text: entry.text) }
        return .entry(entry)
    }
}

extension OutboxEntry {
    /// For the dead letters.
    var text: String { text(of: transitions) }

    /// The same of some of its transitions.
    func text(of transitions: [Transition]) -> String {
        "event \(event) epoch \(epoch) seq \(sequence)\n"
            + transitions.map { "\($0.booking) \($0.image.text)" }.joined(separator: "\n")
    }
}
