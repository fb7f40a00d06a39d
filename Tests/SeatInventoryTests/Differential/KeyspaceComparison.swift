import BoxOffice
import RedisClient

/// Compares Redis's data with the model.
struct KeyspaceComparison {
    let redis: ScriptRedis
    /// The entry ids in each partition's log; 0-0 precedes the first.
    var entries: [[String]]

    init(_ redis: ScriptRedis, partitions: Int) {
        self.redis = redis
        entries = Array(repeating: [], count: partitions)
    }

    /// Reads the logs' new entries, and compares them with the model's.
    mutating func readLogs(_ model: ModelInventory) async throws {
        let commands = entries.indices.map { partition in
            [Array("XRANGE".utf8), ModelKeys.outbox(partition)]
                + ["(" + (entries[partition].last ?? "0-0"), "+"].map { Array($0.utf8) }
        }
        let replies = await redis.send(commands)
        for (partition, reply) in replies.enumerated() {
            let log = model.partitions[partition].log
            for entry in reply.array ?? [] {
                guard let parts = entry.array, parts.count == 2, let id = parts[0].string else { continue }
                let place = entries[partition].count
                let found = ModelEntry(fields: parts[1].array?.compactMap(\.bytes) ?? [])
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

    /// Checks the keys that most commands change, and the bookings that the model touched.
    func checkTouched(_ model: ModelInventory) async throws {
        var wanted = shared(model)
        for id in model.touchedBookings {
            guard let booking = model.bookings[id] else { continue }
            wanted[ModelKeys.booking(model.partition(of: booking), id)] = .some(model.record(booking, entries))
        }
        for digest in model.touchedRecords {
            guard let record = model.records[digest] else { continue }
            wanted[ModelKeys.record(record.partition, digest)] = .bytes(record.bytes)
        }
        try await check(wanted, model)
    }

    /// Checks every key.
    func checkAll(_ model: ModelInventory) async throws {
        let wanted = all(model)
        try await check(wanted, model)
        let names = Set(await redis.send(["KEYS", "*"]).array?.compactMap(\.bytes) ?? [])
        let expected = Set(wanted.filter { $0.value != nil }.keys)
        guard names == expected else {
            throw Mismatch(
                "keys", expected: expected.subtracting(names).map(shown), found: names.subtracting(expected).map(shown))
        }
        try await checkLifetimes(Array(names), model)
    }

    /// Writes every key of the model into an empty Redis.
    func write(_ model: ModelInventory) async {
        _ = await redis.send(all(model).flatMap { key, value in value?.writing(key) ?? [] })
    }

    private func all(_ model: ModelInventory) -> [[UInt8]: StoredValue?] {
        var wanted = shared(model)
        for booking in model.bookings.values {
            wanted[ModelKeys.booking(model.partition(of: booking), booking.id)] = .some(model.record(booking, entries))
        }
        for (digest, record) in model.records {
            wanted[ModelKeys.record(record.partition, digest)] = .bytes(record.bytes)
        }
        return wanted
    }

    private func shared(_ model: ModelInventory) -> [[UInt8]: StoredValue?] {
        var wanted: [[UInt8]: StoredValue?] = [:]
        for partition in model.partitions.indices {
            for key in [ModelKeys.meta, ModelKeys.outbox, ModelKeys.due, ModelKeys.known] {
                wanted[key(partition)] = .some(nil)
            }
            wanted.merge(model.sharedKeys(partition)) { $1 }
        }
        for event in model.events {
            for key in [
                ModelKeys.queue, ModelKeys.others, ModelKeys.paying, ModelKeys.seatMap,
                ModelKeys.longestRuns, ModelKeys.offsets, ModelKeys.blocks,
            ] {
                wanted[key(event.partition, event.id)] = .some(nil)
            }
            wanted.merge(model.eventKeys(event)) { $1 }
        }
        return wanted
    }

    /// Compares these keys, the number of keys, and the logs' last ids.
    private func check(_ wanted: [[UInt8]: StoredValue?], _ model: ModelInventory) async throws {
        let keys = Array(wanted.keys)
        let open = model.partitions.indices.filter { model.partitions[$0].cursor != nil }
        let streams = open.map { [Array("XINFO".utf8), Array("STREAM".utf8), ModelKeys.outbox($0)] }
        let replies = await redis.send(keys.map(StoredValue.reading) + [[Array("DBSIZE".utf8)]] + streams)
        for (key, reply) in zip(keys, replies) {
            let found = try withoutHints(key, StoredValue(key, reply), model)
            let expected = wanted[key] ?? nil
            guard found == expected else {
                throw Mismatch(
                    shown(key), expected: expected.map { "\($0)" } ?? "nothing",
                    found: found.map { "\($0)" } ?? "nothing: \(reply)")
            }
        }
        guard replies[keys.count] == .integer(Int64(model.keyCount)) else {
            throw Mismatch("number of keys", expected: model.keyCount, found: replies[keys.count])
        }
        for (partition, reply) in zip(open, replies.dropFirst(keys.count + 1)) {
            try checkLast(partition, reply, model.partitions[partition].cursor)
        }
    }

    /// An event's hash without the hints of its seated tiers, which are checked against what they promise.
    private func withoutHints(
        _ key: [UInt8], _ found: StoredValue?, _ model: ModelInventory
    ) throws(Mismatch) -> StoredValue? {
        guard StoredValue.kind(key) == "e", case .hash(var fields) = found,
            let event = model.events.first(where: { ModelKeys.event($0.partition, $0.id) == key })
        else { return found }
        for tier in event.tiers where tier.kind == .seated {
            let name = ModelBytes.of {
                $0.raw("h"); $0.id(tier.id)
            }
            guard let hints = fields.removeValue(forKey: name) else { continue }
            if let fault = event.fault(ofHints: hints, tier: tier.id) {
                throw Mismatch("hints of tier \(tier.id)", expected: "the map's values", found: fault)
            }
        }
        return .hash(fields)
    }

    /// A log's last id is at least the cursor, so that new entries come after it.
    private func checkLast(_ partition: Int, _ reply: RedisValue, _ cursor: String?) throws(Mismatch) {
        let fields = reply.array?.map { $0.string ?? "" } ?? []
        let last = fields.firstIndex(of: "last-generated-id").flatMap { StreamID(fields[$0 + 1]) }
        guard let last, let cursor = cursor.flatMap({ StreamID($0) }), last >= cursor else {
            throw Mismatch("last id of partition \(partition)", expected: "at least \(cursor ?? "")", found: fields)
        }
    }

    /// Permanent keys have no expiry; answers expire after a day, used keys after three days, loaded bookings after an
    /// hour.
    private func checkLifetimes(_ keys: [[UInt8]], _ model: ModelInventory) async throws {
        let hour = 3_600_000
        let loaded = Set(
            model.bookings.values.filter { $0.entry == nil && !$0.status.isHeld }
                .map { ModelKeys.booking(model.partition(of: $0), $0.id) })
        let replies = await redis.send(keys.map { [Array("PTTL".utf8), $0] })
        for (key, reply) in zip(keys, replies) {
            let left = Int(reply.integer ?? 0)
            let allowed: ClosedRange<Int> =
                switch StoredValue.kind(key) {
                case "i": 23 * hour...24 * hour
                case "d": 71 * hour...72 * hour
                case "b" where loaded.contains(key): 1...hour
                default: -1 ... -1
                }
            guard allowed.contains(left) else {
                throw Mismatch("lifetime of \(shown(key))", expected: allowed, found: left)
            }
        }
    }
}
