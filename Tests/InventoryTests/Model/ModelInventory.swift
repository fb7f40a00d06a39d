import Booking

/// A partition: its `meta` and its outbox.
struct ModelPartition {
    var epoch = 0
    var lineage = 0
    var isOpen = false
    var identity = ""
    /// Where PostgreSQL had the outbox when it was opened.
    var cursor: String?
    /// The event that a script left half written.
    var broken: String?
    /// Whether somebody deleted the outbox, and whether a recovery knows of it.
    var isOutboxGone = false
    var isDamaged = false
    /// Entries up to the cursor, when it was opened.
    var written = 0
    var log: [ModelEntry] = []
}

/// One part of a reply.
enum ModelReply: Equatable {
    case text(String)
    case number(Int)
    case null
    /// The id of an entry, known by its place in the partition's log.
    case entry(partition: Int, place: Int)
    /// A text that ends with the id of an entry, or with nothing.
    case ending(String, partition: Int, place: Int?)
    /// Redis's own clock.
    case time
}

/// Who calls a script.
struct ModelCaller {
    var epoch: Int
    var identity: String
}

/// An idempotency key as scripts see it.
struct ModelKey {
    let digest: String
    let fingerprint: String
    let patience: Int
}

/// How many keys a user has made, by day.
struct ModelKeyCount: Equatable {
    static let limit = 1000
    var days: [Int: Int] = [:]
    var last = 0

    static func day(_ now: Int) -> Int { now / 86_400_000 }

    func isFull(_ now: Int) -> Bool {
        let day = Self.day(now)
        return (days[day] ?? 0) + (days[day - 1] ?? 0) >= Self.limit
    }

    mutating func add(_ now: Int) {
        last = Self.day(now)
        days[last, default: 0] += 1
    }

    var text: String { "\(last) \(days[last] ?? 0) \(days[last - 1] ?? 0)" }
}

/// What the scripts do to one Redis, as the design has it: no I/O, no clock.
struct ModelInventory {
    /// From which status to which bookings went.
    var moves: Set<[BookingStatus]> = []
    /// Redis's TIME, milliseconds.
    var time = 0
    var partitions: [ModelPartition]
    var events: [ModelEvent] = []
    var bookings: [String: ModelBooking] = [:]
    /// Idempotency records by digest; a digest contains its partition.
    var records: [String: String] = [:]
    /// By `event:user`.
    var keyCounts: [String: ModelKeyCount] = [:]
    /// What changed since the last comparison.
    var touchedBookings: Set<String> = []
    var touchedRecords: Set<String> = []
    var touchedCounts: Set<String> = []

    mutating func forgetTouched() {
        touchedBookings = []
        touchedRecords = []
        touchedCounts = []
    }

    func now(_ event: Int) -> Int { max(time, events[event].clock) }

    func event(_ id: String) -> Int? { events.firstIndex { $0.id == id } }

    /// Why a caller is not served, or nil: the partition is open under this very identity and epoch.
    func refusal(_ partition: Int, _ caller: ModelCaller) -> [ModelReply]? {
        let state = partitions[partition]
        guard state.isOpen, caller.identity == state.identity else { return [.text("RECOVERING")] }
        guard caller.epoch == state.epoch else { return [.text("STALE"), .text(String(state.epoch))] }
        return nil
    }

    // MARK: - A unit of work

    /// Makes a booking's next version part of the unit of work.
    mutating func put(_ booking: ModelBooking, _ event: Int, channel: String = "", trace: String = "") -> String {
        var booking = booking
        booking.version += 1
        booking.updated = now(event)
        booking.epoch = events[event].epoch
        booking.entry = partitions[events[event].partition].log.count
        events[event].index(booking)
        if let old = bookings[booking.id]?.status, old != booking.status { moves.insert([old, booking.status]) }
        bookings[booking.id] = booking
        touchedBookings.insert(booking.id)
        let image = booking.image
        events[event].unit.changes.append(
            ModelEntry.Change(booking: booking.id, image: image, channel: channel, trace: trace))
        return image
    }

    /// Gives back all that a live booking owns.
    mutating func release(_ booking: ModelBooking, _ event: Int) {
        events[event].move(booking, from: booking.status == .confirmed ? .sold : .held, to: .available)
        events[event].count(booking, -1)
    }

    mutating func expire(_ booking: ModelBooking, _ event: Int) -> String {
        var booking = booking
        release(booking, event)
        booking.status = .expired
        booking.deadline = 0
        booking.reason = "hold-expired"
        events[event].unit.hasSwept = true
        return put(booking, event)
    }

    /// Returns up to 64 lapsed holds; the answer is how many.
    mutating func returnLapsed(_ event: Int) -> Int {
        let now = now(event)
        guard let next = events[event].next, next <= now else { return 0 }
        events[event].unit.hasSwept = true
        let lapsed = events[event].lapsed(by: now, limit: 64)
        for id in lapsed {
            guard let booking = bookings[id] else { preconditionFailure("an indexed booking exists") }
            _ = expire(booking, event)
        }
        return lapsed.count
    }

    /// Writes the unit of work down; nil when there is no entry.
    @discardableResult
    mutating func finish(_ event: Int) -> ModelReply {
        let unit = events[event].unit
        events[event].unit = ModelUnit()
        let hasEntry = !unit.changes.isEmpty || unit.note != nil || unit.changesPolicy
        guard hasEntry || unit.hasSwept else { return .null }
        events[event].sequence += 1
        events[event].clock = now(event)
        if unit.hasSwept { events[event].next = events[event].firstLapse }
        guard hasEntry else { return .null }
        let state = events[event]
        let texts = state.tiers.map { "\($0.id) \($0.text)" }
        let changed = Set(unit.tiers.map { texts[$0] })
        partitions[state.partition].log.append(
            ModelEntry(
                event: state.id, epoch: state.epoch, sequence: state.sequence, at: now(event),
                tiers: changed, others: Set(texts).subtracting(changed), notes: unit.note.map { [$0] } ?? [],
                changes: Dictionary(grouping: unit.changes, by: \.booking)))
        return .entry(partition: state.partition, place: partitions[state.partition].log.count - 1)
    }

    // MARK: - Idempotency

    /// What a key that was seen before leads to, or nil.
    func replay(_ key: ModelKey?) -> (word: String, record: String?)? {
        guard let key, let record = records[key.digest] else { return nil }
        return record.hasPrefix(key.fingerprint + "|") ? ("REPLAY", record) : ("REUSED", nil)
    }

    func hasTooManyKeys(_ event: Int, _ user: String) -> Bool {
        keyCounts["\(events[event].id):\(user)"]?.isFull(now(event)) ?? false
    }

    mutating func remember(_ key: ModelKey, _ booking: String, _ rest: String, _ event: Int, _ user: String) {
        records[key.digest] = "\(key.fingerprint)|\(booking)|\(rest)"
        touchedRecords.insert(key.digest)
        let counter = "\(events[event].id):\(user)"
        keyCounts[counter, default: ModelKeyCount()].add(now(event))
        touchedCounts.insert(counter)
    }
}
