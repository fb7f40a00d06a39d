import BoxOffice

/// A partition: its `meta` and its outbox.
struct ModelPartition {
    var epoch = 0
    var lineage = 0
    var isOpen = false
    var identity = ""
    /// PostgreSQL's cursor when the partition was opened.
    var cursor: String?
    /// The event that a function left half written.
    var broken: UUIDBytes?
    /// Whether the outbox was deleted, and whether a recovery noticed.
    var isOutboxGone = false
    var isDamaged = false
    /// The number of entries up to the cursor when the partition was opened.
    var written = 0
    var log: [ModelEntry] = []

    /// The state field once the partition is open.
    var openState: String { "open3 \(epoch) \(identity)" }
}

/// One part of a reply.
enum ModelReply: Equatable {
    case text(String)
    case bytes([UInt8])
    case number(Int)
    case null
    /// The id of an entry, given by its index in the partition's log.
    case entry(partition: Int, place: Int)
    /// A booking's record, with the id of the entry that wrote it; zeros if PostgreSQL loaded it.
    case record(before: [UInt8], [UInt8], partition: Int, place: Int?)
    /// Redis's own clock.
    case time

    static func seats(_ seats: [Int]) -> ModelReply {
        .bytes(ModelBytes.of { writer in for seat in seats { writer.number(seat, 3) } })
    }

    static func tiers(_ tiers: [UUIDBytes]) -> ModelReply {
        .bytes(ModelBytes.of { writer in for tier in tiers { writer.id(tier) } })
    }
}

/// The caller of a function.
struct ModelCaller {
    var epoch: Int
    var identity: String
    /// The channel for acknowledgements.
    var channel = "acks"

    /// The state of a partition that is open for this caller; empty in a recovery.
    var openState: String { identity.isEmpty ? "" : "open3 \(epoch) \(identity)" }
}

/// The functions' effects on one Redis, as designed: no I/O, no clock.
struct ModelInventory {
    /// The status changes of bookings so far.
    var moves: Set<[BookingStatus]> = []
    /// Redis's TIME in milliseconds.
    var time = 0
    var partitions: [ModelPartition]
    var events: [ModelEvent] = []
    var bookings: [UUIDBytes: ModelBooking] = [:]
    /// Idempotency records by digest, with their partition.
    var records: [UUIDBytes: (partition: Int, fingerprint: UUIDBytes, bytes: [UInt8])] = [:]
    /// Bookings and records changed since the last comparison.
    var touchedBookings: Set<UUIDBytes> = []
    var touchedRecords: Set<UUIDBytes> = []

    mutating func forgetTouched() {
        touchedBookings = []
        touchedRecords = []
    }

    func now(_ event: Int) -> Int { max(time, events[event].clock) }

    func event(_ id: UUIDBytes) -> Int? { events.firstIndex { $0.id == id } }

    /// The refusal of a caller, or nil: the partition must be open under exactly this identity and epoch.
    func refusal(_ partition: Int, _ caller: ModelCaller) -> [ModelReply]? {
        let state = partitions[partition]
        guard state.isOpen, caller.identity == state.identity else { return [.text("RECOVERING")] }
        guard caller.epoch == state.epoch else { return [.text("STALE"), .text(String(state.epoch))] }
        return nil
    }

    // MARK: - Idempotency records of requests other than claims

    /// The replay for a used key, or nil.
    func replay(_ key: ModelKey?) -> ModelAnswer? {
        guard let key, let record = records[key.digest] else { return nil }
        guard record.fingerprint == key.fingerprint else { return ModelAnswer("REUSED") }
        return ModelAnswer("KEY", .bytes(record.bytes))
    }

    /// - Parameter made: a booking or a block.
    mutating func remember(_ key: ModelKey, _ partition: Int, _ made: UUIDBytes, _ rest: String) {
        records[key.digest] = (partition, key.fingerprint, key.record(made, rest))
        touchedRecords.insert(key.digest)
    }
}
