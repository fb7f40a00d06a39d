import BoxOffice
import RedisClient
import SeatInventory

/// An element of an outbox, as far as it can be parsed.
enum ParsedEntry {
    case entry(OutboxEntry)
    /// Cannot be parsed or trusted; dead-lettered.
    case unreadable(id: StreamID, text: String)

    /// Parses an element of an XREAD reply; `nil` if it is not a stream element.
    init?(_ value: RedisValue, of partition: Partition, partitions: Int) {
        switch OutboxEntry.parse(value) {
        case .success(let entry): self = Self.checked(entry, partition, partitions)
        case .failure(let malformed): self = .unreadable(id: malformed.id, text: malformed.text)
        case nil: return nil
        }
    }

    var id: StreamID {
        switch self {
        case .entry(let entry): entry.id
        case .unreadable(let id, _): id
        }
    }

    /// The entry's booking changes.
    var transitions: [OutboxEntry.Transition] {
        if case .entry(let entry) = self { entry.transitions } else { [] }
    }

    /// An entry about another partition than that of its outbox is not trusted.
    private static func checked(_ entry: OutboxEntry, _ partition: Partition, _ partitions: Int) -> ParsedEntry {
        guard Partition(of: entry.event, count: partitions) == partition,
            entry.transitions.allSatisfy({ $0.booking.partition == partition })
        else { return .unreadable(id: entry.id, text: entry.text) }
        return .entry(entry)
    }
}

extension OutboxEntry {
    /// The text of its dead letter.
    var text: String { text(of: transitions) }

    /// The text of a dead letter of some of its transitions.
    func text(of transitions: [Transition]) -> String {
        "event \(event) epoch \(epoch) seq \(sequence)\n"
            + transitions.map { "\($0.booking) \($0.image.text)" }.joined(separator: "\n")
    }
}
