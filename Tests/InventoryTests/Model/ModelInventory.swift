import Booking

/// A partition: its `meta` and its outbox.
struct ModelPartition {
    var epoch = 0
    var lineage = 0
    var isOpen = false
    var identity = ""
    /// Where PostgreSQL had the outbox when it was opened.
    var cursor: String?
    /// The event that a function left half written.
    var broken: UUIDBytes?
    /// Whether somebody deleted the outbox, and whether a recovery knows of it.
    var isOutboxGone = false
    var isDamaged = false
    /// Entries up to the cursor, when it was opened.
    var written = 0
    var log: [ModelEntry] = []

    /// The state, once it is open.
    var openState: String { "open3 \(epoch) \(identity)" }
}

/// One part of a reply.
enum ModelReply: Equatable {
    case text(String)
    case bytes([UInt8])
    case number(Int)
    case null
    /// The id of an entry, known by its place in the partition's log.
    case entry(partition: Int, place: Int)
    /// A booking's record, with the id of the entry that wrote it; zeros when PostgreSQL loaded it.
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

/// Who calls a function.
struct ModelCaller {
    var epoch: Int
    var identity: String
    /// Where it hears acknowledgements.
    var channel = "acks"

    /// The state of a partition that is open for it; nothing in a recovery.
    var openState: String { identity.isEmpty ? "" : "open3 \(epoch) \(identity)" }
}

/// What the functions do to one Redis, as the design has it: no I/O, no clock.
struct ModelInventory {
    /// From which status to which bookings went.
    var moves: Set<[BookingStatus]> = []
    /// Redis's TIME, milliseconds.
    var time = 0
    var partitions: [ModelPartition]
    var events: [ModelEvent] = []
    var bookings: [UUIDBytes: ModelBooking] = [:]
    /// Idempotency records by digest, with their partition: what they say.
    var records: [UUIDBytes: (partition: Int, fingerprint: UUIDBytes, bytes: [UInt8])] = [:]
    /// What changed since the last comparison.
    var touchedBookings: Set<UUIDBytes> = []
    var touchedRecords: Set<UUIDBytes> = []

    mutating func forgetTouched() {
        touchedBookings = []
        touchedRecords = []
    }

    func now(_ event: Int) -> Int { max(time, events[event].clock) }

    func event(_ id: UUIDBytes) -> Int? { events.firstIndex { $0.id == id } }

    /// Why a caller is not served, or nil: the partition is open under this very identity and epoch.
    func refusal(_ partition: Int, _ caller: ModelCaller) -> [ModelReply]? {
        let state = partitions[partition]
        guard state.isOpen, caller.identity == state.identity else { return [.text("RECOVERING")] }
        guard caller.epoch == state.epoch else { return [.text("STALE"), .text(String(state.epoch))] }
        return nil
    }

    // MARK: - Idempotency records of requests that are no claims

    /// What a key that was used before leads to, or nil.
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
