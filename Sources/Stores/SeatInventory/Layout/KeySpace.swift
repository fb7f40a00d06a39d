package import BoxOffice

/// All Redis keys are defined here. All keys of a partition have its hash tag (`{p7}`), so that each function runs on
/// one node of a cluster.
package struct KeySpace: Sendable {
    /// The number of partitions, 1 to 4,096.
    package let partitions: Int
    private let tags: [String]

    /// The keys of an installation with this many partitions.
    package init(partitions: Int) {
        precondition((1...Partition.maximumCount).contains(partitions), "1 to 4,096 partitions")
        self.partitions = partitions
        self.tags = (0..<partitions).map { "{p\($0)}:" }
    }

    package func partition(of event: EventID) -> Partition { Partition(of: event, count: partitions) }

    package var all: [Partition] { (0..<partitions).map { Partition(UInt16($0)) } }

    func tag(_ partition: Partition) -> String { tags[Int(partition.number)] }

    /// Hash: epoch, lineage, state, identity, cursor, form.
    package func meta(_ partition: Partition) -> String { tag(partition) + "meta" }
    /// Stream of all changes.
    package func outbox(_ partition: Partition) -> String { tag(partition) + "outbox" }
    /// Sorted set: event → when something of it is due next.
    package func due(_ partition: Partition) -> String { tag(partition) + "due" }
    /// Hash: an event's policy, numbers and tiers; user → live tickets and bookings, and the ids of those with seats.
    package func event(_ event: EventID) -> String { tag(partition(of: event)) + "e:\(event)" }
    /// String: one byte per seat.
    package func seatMap(_ event: EventID) -> String { tag(partition(of: event)) + "s:\(event)" }
    /// String: one byte per row, its longest free run.
    package func longestRuns(_ event: EventID) -> String { tag(partition(of: event)) + "r:\(event)" }
    /// Hash: block → what it takes off sale.
    package func blocks(_ event: EventID) -> String { tag(partition(of: event)) + "l:\(event)" }
    /// Prefix of a user's field in an event's hash.
    static let userMark = UInt8(ascii: "u")
    /// The name of a user's field in an event's hash.
    package static func userField(_ user: UserID) -> [UInt8] { [userMark] + user.text.utf8 }
    /// List of groups of holds in the order in which they expire.
    package func queue(_ event: EventID) -> String { tag(partition(of: event)) + "q:\(event)" }
    /// Sorted set: hold → its expiry, for holds out of the queue's order.
    package func expiries(_ event: EventID) -> String { tag(partition(of: event)) + "x:\(event)" }
    /// Sorted set: booking in payment → its attempt's deadline.
    package func paying(_ event: EventID) -> String { tag(partition(of: event)) + "y:\(event)" }
    /// Hash: keys used for claims on a day (days since 1970), and how many each user used.
    package func dayKeys(_ event: EventID, day: Int64) -> String { tag(partition(of: event)) + "d:\(event):\(day)" }
    /// String: a booking's record. Not text: the id is its 16 bytes.
    package func booking(_ booking: BookingID) -> [UInt8] {
        var key = Array(bookings(booking.partition).utf8)
        key.append(booking.uuid)
        return key
    }
    /// Prefix of the keys of a partition's bookings.
    func bookings(_ partition: Partition) -> String { tag(partition) + "b:" }
    /// String: an idempotency record. Not text: the digest is its 16 bytes.
    package func idempotency(_ partition: Partition, digest: Digest128) -> [UInt8] {
        var key = Array((tag(partition) + "i:").utf8)
        key.append(digest)
        return key
    }
    /// String: the simulated provider's record of a charge.
    package func simulatedCharge(_ payment: PaymentID) -> String { "sim:c:\(payment)" }
    /// Hash: the simulated provider's refunds of a charge, by the total after each.
    package func simulatedRefunds(_ payment: PaymentID) -> String { "sim:r:\(payment)" }
}

/// Names in the first form of Redis's data.
extension KeySpace {
    /// The pattern of all keys of a partition.
    func pattern(_ partition: Partition) -> String { tag(partition) + "*" }

    /// String: a booking's record.
    func firstFormBooking(_ booking: BookingID) -> String { bookings(booking.partition) + "\(booking)" }

    /// The digest in the name of an idempotency record; `nil` if the name is of the present form, or another key.
    func firstFormDigest(_ name: [UInt8], _ partition: Partition) -> Digest128? {
        let prefix = Array((tag(partition) + "i:").utf8)
        guard name.starts(with: prefix) else { return nil }
        return Digest128(hexadecimal: String(decoding: name.dropFirst(prefix.count), as: UTF8.self)[...])?.asKey
    }

    /// Whether only the first form has such a name: a booking's record, or a user's count of keys.
    func isOnlyOfFirstForm(_ name: [UInt8], _ partition: Partition) -> Bool {
        let prefix = bookings(partition).utf8
        return name.starts(with: prefix) && name.count == prefix.count + 36
            || name.starts(with: (tag(partition) + "k:").utf8)
    }
}
