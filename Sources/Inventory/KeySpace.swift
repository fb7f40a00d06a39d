public import Booking

/// Every Redis key there is, and nowhere else. All keys of a partition carry its hash tag (`{p7}`), so that each script
/// runs on one node of a cluster.
public struct KeySpace: Sendable {
    /// How many partitions there are, 1 to 4,096.
    public let partitions: Int
    private let tags: [String]

    /// The keys of an installation with this many partitions.
    public init(partitions: Int) {
        precondition((1...Partition.maximumCount).contains(partitions), "1 to 4,096 partitions")
        self.partitions = partitions
        self.tags = (0..<partitions).map { "{p\($0)}:" }
    }

    /// The partition of an event.
    public func partition(of event: EventID) -> Partition { Partition(of: event, count: partitions) }

    /// All partitions.
    public var all: [Partition] { (0..<partitions).map { Partition(UInt16($0)) } }

    func tag(_ partition: Partition) -> String { tags[Int(partition.number)] }

    /// Hash: epoch, lineage, state, identity, cursor, form.
    public func meta(_ partition: Partition) -> String { tag(partition) + "meta" }
    /// Stream of every transition.
    public func outbox(_ partition: Partition) -> String { tag(partition) + "outbox" }
    /// Sorted set: event → when something of it expires next.
    public func due(_ partition: Partition) -> String { tag(partition) + "due" }
    /// Hash: an event's policy, numbers and tiers; user → live tickets and bookings, and the ids of those with seats.
    public func event(_ event: EventID) -> String { tag(partition(of: event)) + "e:\(event)" }
    /// String: one byte a seat.
    public func seatMap(_ event: EventID) -> String { tag(partition(of: event)) + "s:\(event)" }
    /// String: one byte a row, its longest free run.
    public func longestRuns(_ event: EventID) -> String { tag(partition(of: event)) + "r:\(event)" }
    /// Hash: block → what it takes off sale.
    public func blocks(_ event: EventID) -> String { tag(partition(of: event)) + "l:\(event)" }
    /// What the name of a user's field in an event's hash begins with.
    static let userMark = UInt8(ascii: "u")
    /// The name of a user's field in an event's hash.
    public static func userField(_ user: UserID) -> [UInt8] { [userMark] + user.text.utf8 }
    /// List of groups of holds in the order in which they expire.
    public func queue(_ event: EventID) -> String { tag(partition(of: event)) + "q:\(event)" }
    /// Sorted set: hold → its expiry, of holds that are not in the queue's order.
    public func expiries(_ event: EventID) -> String { tag(partition(of: event)) + "x:\(event)" }
    /// Sorted set: paying booking → its attempt's deadline.
    public func paying(_ event: EventID) -> String { tag(partition(of: event)) + "y:\(event)" }
    /// Hash: keys that were used for claims on a day (Unix time divided by its length), and how many each user used.
    public func dayKeys(_ event: EventID, day: Int64) -> String { tag(partition(of: event)) + "d:\(event):\(day)" }
    /// String: a booking's record. Not text: the id is its 16 bytes.
    public func booking(_ booking: BookingID) -> [UInt8] {
        var key = Array(bookings(booking.partition).utf8)
        key.append(booking.uuid)
        return key
    }
    /// What the keys of a partition's bookings begin with.
    func bookings(_ partition: Partition) -> String { tag(partition) + "b:" }
    /// String: an idempotency record. Not text: the digest is its 16 bytes.
    public func idempotency(_ partition: Partition, digest: Digest128) -> [UInt8] {
        var key = Array((tag(partition) + "i:").utf8)
        key.append(digest)
        return key
    }
    /// String: what the simulated provider remembers of a charge.
    public func simulatedCharge(_ payment: PaymentID) -> String { "sim:c:\(payment)" }
    /// Hash: what the simulated provider gave back of a charge, by how much it was in all afterwards.
    public func simulatedRefunds(_ payment: PaymentID) -> String { "sim:r:\(payment)" }
}

/// Names of the first form of what Redis held.
extension KeySpace {
    /// What every key of a partition looks like.
    func pattern(_ partition: Partition) -> String { tag(partition) + "*" }

    /// String: a booking's record.
    func firstFormBooking(_ booking: BookingID) -> String { bookings(booking.partition) + "\(booking)" }

    /// The digest in the name of an idempotency record; `nil` when it is of this form, or something else.
    func firstFormDigest(_ name: [UInt8], _ partition: Partition) -> Digest128? {
        let prefix = Array((tag(partition) + "i:").utf8)
        guard name.starts(with: prefix) else { return nil }
        return Digest128(hexadecimal: String(decoding: name.dropFirst(prefix.count), as: UTF8.self)[...])?.asKey
    }

    /// Whether nothing of this form has such a name: a booking's record, or how many keys a user has.
    func isOnlyOfFirstForm(_ name: [UInt8], _ partition: Partition) -> Bool {
        let prefix = bookings(partition).utf8
        return name.starts(with: prefix) && name.count == prefix.count + 36
            || name.starts(with: (tag(partition) + "k:").utf8)
    }
}
