import Booking
import RedisClient

/// Compares what Redis holds with what the model says.
struct KeyspaceComparison {
    let redis: ScriptRedis
    /// The ids that the entries of each partition's log got; 0-0 was before the first.
    var entries: [[String]]

    init(_ redis: ScriptRedis, partitions: Int) {
        self.redis = redis
        entries = Array(repeating: [], count: partitions)
    }

    /// Reads the logs on from where it stopped; their new entries are the model's.
    mutating func readLogs(_ model: ModelInventory) async throws {
        let commands = entries.indices.map { ["XRANGE", ModelKeys.outbox($0), "(" + (entries[$0].last ?? "0-0"), "+"] }
        let replies = await redis.send(commands)
        for (partition, reply) in replies.enumerated() {
            let log = model.partitions[partition].log
            for entry in reply.array ?? [] {
                guard let parts = entry.array, parts.count == 2, let id = parts[0].string else { continue }
                let place = entries[partition].count
                let found = ModelEntry(fields: parts[1].array?.compactMap(\.string) ?? [])
                guard place < log.count, let found, log[place].isSame(as: found), found.isConserved else {
                    throw Mismatch(
                        "entry \(place) of partition \(partition)",
                        expected: place < log.count ? "\(log[place])" : "none",
                        found: found.map { "\($0)" } ?? "\(parts[1])")
                }
                entries[partition].append(id)
            }
            guard entries[partition].count == log.count else {
                throw Mismatch(
                    "entries of partition \(partition)", expected: log.count, found: entries[partition].count)
            }
        }
    }

    /// What changes with most commands, and what the model says was touched.
    func checkTouched(_ model: ModelInventory) async throws {
        var wanted = shared(model)
        for id in model.touchedBookings {
            guard let booking = model.bookings[id] else { continue }
            wanted[ModelKeys.booking(model.partition(of: booking), id)] = .some(model.record(booking, entries))
        }
        for digest in model.touchedRecords {
            wanted[ModelKeys.record(model.partition(ofDigest: digest), digest)] = model.records[digest].map {
                .text($0)
            }
        }
        for counter in model.touchedCounts {
            wanted[ModelKeys.keyCount(model.partition(ofCounter: counter), counter)] =
                model.keyCounts[counter].map { .text($0.text) }
        }
        try await check(wanted, model)
    }

    /// Every key there is.
    func checkAll(_ model: ModelInventory) async throws {
        var wanted = shared(model)
        for booking in model.bookings.values {
            wanted[ModelKeys.booking(model.partition(of: booking), booking.id)] = .some(model.record(booking, entries))
        }
        for (digest, record) in model.records {
            wanted[ModelKeys.record(model.partition(ofDigest: digest), digest)] = .text(record)
        }
        for (counter, count) in model.keyCounts {
            wanted[ModelKeys.keyCount(model.partition(ofCounter: counter), counter)] = .text(count.text)
        }
        try await check(wanted, model)
        let names = Set(await redis.send(["KEYS", "*"]).array?.compactMap(\.string) ?? [])
        let expected = Set(wanted.filter { $0.value != nil }.keys)
        guard names == expected else {
            throw Mismatch("keys", expected: expected.subtracting(names), found: names.subtracting(expected))
        }
        try await checkLifetimes(names.sorted(), model)
    }

    private func shared(_ model: ModelInventory) -> [String: StoredValue?] {
        var wanted: [String: StoredValue?] = [:]
        for partition in model.partitions.indices {
            for key in [ModelKeys.meta, ModelKeys.outbox, ModelKeys.due] { wanted[key(partition)] = .some(nil) }
            wanted.merge(model.sharedKeys(partition)) { $1 }
        }
        for event in model.events {
            for key in [
                ModelKeys.users, ModelKeys.expiries, ModelKeys.paying, ModelKeys.seatMap, ModelKeys.longestRuns,
                ModelKeys.offsets, ModelKeys.blocks,
            ] {
                wanted[key(event.partition, event.id)] = .some(nil)
            }
            wanted.merge(model.eventKeys(event)) { $1 }
        }
        return wanted
    }

    /// Compares these keys, how many there are, and where the logs go on.
    private func check(_ wanted: [String: StoredValue?], _ model: ModelInventory) async throws {
        let keys = Array(wanted.keys)
        let open = model.partitions.indices.filter { model.partitions[$0].cursor != nil }
        let replies = await redis.send(
            keys.map(StoredValue.reading) + [["DBSIZE"]] + open.map { ["XINFO", "STREAM", ModelKeys.outbox($0)] })
        for (key, reply) in zip(keys, replies) {
            let found = StoredValue(key, reply)
            let expected = wanted[key] ?? nil
            guard found == expected else {
                throw Mismatch(
                    key, expected: expected.map { "\($0)" } ?? "nothing", found: found.map { "\($0)" } ?? "nothing")
            }
        }
        guard replies[keys.count] == .integer(Int64(model.keyCount)) else {
            throw Mismatch("number of keys", expected: model.keyCount, found: replies[keys.count])
        }
        for (partition, reply) in zip(open, replies.dropFirst(keys.count + 1)) {
            try checkLast(partition, reply, model.partitions[partition].cursor)
        }
    }

    /// What a log says next comes after all that PostgreSQL has of it.
    private func checkLast(_ partition: Int, _ reply: RedisValue, _ cursor: String?) throws(Mismatch) {
        let fields = reply.array?.map { $0.string ?? "" } ?? []
        let last = fields.firstIndex(of: "last-generated-id").flatMap { StreamID(fields[$0 + 1]) }
        guard let last, let cursor = cursor.flatMap({ StreamID($0) }), last >= cursor else {
            throw Mismatch("last id of partition \(partition)", expected: "at least \(cursor ?? "")", found: fields)
        }
    }

    /// What is held stays for ever; answers leave after a day, counts after two, and bookings put back after an hour.
    private func checkLifetimes(_ keys: [String], _ model: ModelInventory) async throws {
        let hour = 3_600_000
        let replies = await redis.send(keys.map { ["PTTL", $0] })
        for (key, reply) in zip(keys, replies) {
            let left = Int(reply.integer ?? 0)
            let name = String(key.split(separator: ":", maxSplits: 2).last ?? "")
            let allowed: ClosedRange<Int> =
                switch StoredValue.kind(key) {
                case "i": 23 * hour...24 * hour
                case "k": 47 * hour...48 * hour
                case "b":
                    model.bookings[name].map { $0.entry == nil && !$0.status.isHeld } == true ? 1...hour : -1 ... -1
                default: -1 ... -1
                }
            guard allowed.contains(left) else { throw Mismatch("lifetime of \(key)", expected: allowed, found: left) }
        }
    }
}
