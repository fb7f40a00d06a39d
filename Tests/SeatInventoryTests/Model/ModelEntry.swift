import BoxOffice

/// One entry of an outbox.
struct ModelEntry: Equatable {
    struct Change: Equatable {
        let booking: UUIDBytes
        let awaits: Bool
        let record: [UInt8]
        let trace: String

        var bytes: [UInt8] {
            ModelBytes.of { writer in
                writer.id(booking)
                writer.number(awaits ? 16 : 0, 1)
                writer.number(record.count, 2)
                writer.raw(record)
                writer.text(trace, length: 1)
            }
        }
    }

    /// Event, epoch, sequence, time and form.
    let head: [UInt8]
    /// The tiers that changed, each with its id.
    let tiers: Set<[UInt8]>
    /// Unchanged tiers that may be in the entry as well: a claim that was refused later may have touched them.
    var others: Set<[UInt8]> = []
    /// The channel for the acknowledgement; empty if no request waits.
    let channel: [UInt8]
    /// Changes by booking, in order; the order between bookings does not matter, since an entry is one moment.
    let changes: [UUIDBytes: [[UInt8]]]
    let made: [UInt8]
    /// Ids of blocks, in any order.
    let removed: Set<[UInt8]>

    /// Whether each tier's counters add up to its capacity.
    var isConserved: Bool {
        tiers.allSatisfy { bytes in
            let counts = (0..<5).map { place in bytes[16 + 4 * place..<20 + 4 * place].reduce(0) { $0 << 8 | Int($1) } }
            return bytes.count == 43 && counts[0] == counts[1...].reduce(0, +)
        }
    }

    /// Whether a parsed entry is equivalent to this one.
    func isSame(as read: ModelEntry) -> Bool {
        (head, channel, changes) == (read.head, read.channel, read.changes)
            && (made, removed) == (read.made, read.removed) && read.tiers.isSuperset(of: tiers)
            && read.tiers.subtracting(tiers).isSubset(of: others)
    }
}
