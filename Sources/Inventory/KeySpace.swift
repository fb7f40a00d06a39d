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

    /// Hash: epoch, lineage, state, identity, cursor.
    public func meta(_ partition: Partition) -> String { tag(partition) + "meta" }
    /// Stream of every transition.
    public func outbox(_ partition: Partition) -> String { tag(partition) + "outbox" }
    /// Sorted set: event → when something of it lapses next.
    public func due(_ partition: Partition) -> String { tag(partition) + "due" }
    /// Hash: an event's policy and counters.
    public func event(_ event: EventID) -> String { tag(partition(of: event)) + "e:\(event)" }
    /// String: one byte a seat.
    public func seatMap(_ event: EventID) -> String { tag(partition(of: event)) + "s:\(event)" }
    /// String: one byte a row, its longest free run.
    public func longestRuns(_ event: EventID) -> String { tag(partition(of: event)) + "r:\(event)" }
    /// Hash: block → what it takes off sale.
    public func blocks(_ event: EventID) -> String { tag(partition(of: event)) + "l:\(event)" }
    /// Hash: user → live tickets and bookings, and the ids of those with seats.
    public func users(_ event: EventID) -> String { tag(partition(of: event)) + "u:\(event)" }
    /// Sorted set: hold → its expiry.
    public func expiries(_ event: EventID) -> String { tag(partition(of: event)) + "x:\(event)" }
    /// Sorted set: paying booking → its attempt's deadline.
    public func paying(_ event: EventID) -> String { tag(partition(of: event)) + "y:\(event)" }
    /// String: a booking's record.
    public func booking(_ booking: BookingID) -> String { tag(booking.partition) + "b:\(booking)" }
    /// What the keys of a partition's bookings begin with.
    func bookings(_ partition: Partition) -> String { tag(partition) + "b:" }
    /// String: how many idempotency keys a user (escaped) has of an event, by day.
    public func keyCount(_ event: EventID, user: String) -> String { tag(partition(of: event)) + "k:\(event):\(user)" }
    /// String: an idempotency record.
    public func idempotency(_ partition: Partition, digest: String) -> String { tag(partition) + "i:" + digest }
    /// String: what the simulated provider remembers of a charge.
    public func simulatedCharge(_ payment: PaymentID) -> String { "sim:c:\(payment)" }
    /// Hash: what the simulated provider gave back of a charge, by how much it was in all afterwards.
    public func simulatedRefunds(_ payment: PaymentID) -> String { "sim:r:\(payment)" }
}
