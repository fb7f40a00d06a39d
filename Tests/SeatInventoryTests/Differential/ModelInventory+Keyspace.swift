import BoxOffice

/// The keyspace that the model expects in Redis.
extension ModelInventory {
    /// The number of keys.
    var keyCount: Int {
        let shared = partitions.indices.reduce(0) { $0 + sharedKeys($1).count }
        return shared + events.reduce(0) { $0 + eventKeys($1).count } + bookings.count + records.count
    }

    /// A partition's keys that do not belong to one booking, request or event.
    func sharedKeys(_ partition: Int) -> [[UInt8]: StoredValue] {
        let state = partitions[partition]
        var values: [[UInt8]: StoredValue] = [:]
        guard state.epoch > 0 else { return values }
        var meta = ["epoch": String(state.epoch), "state": state.isOpen ? state.openState : "recovering"]
        if state.lineage > 0 {
            meta["lineage"] = String(state.lineage)
            meta["identity"] = state.identity
            meta["written"] = String(state.written)
            meta["form"] = "3"
            // Once opened, a partition always has a log.
            values[ModelKeys.outbox(partition)] = .stream
        }
        meta["cursor"] = state.cursor
        meta["broken"] = state.broken.map { "\($0)" }
        if state.isDamaged { meta["damaged"] = "1" }
        values[ModelKeys.meta(partition)] = .hash(
            Dictionary(uniqueKeysWithValues: meta.map { (Array($0.key.utf8), Array($0.value.utf8)) }))
        var due: [[UInt8]: Int] = [:]
        for event in events where event.partition == partition && event.epoch > 0 {
            due[Array("\(event.id)".utf8)] = event.index.next
        }
        if !due.isEmpty { values[ModelKeys.due(partition)] = .scores(due) }
        let known = events.filter { $0.partition == partition }.map { event in
            (ModelBytes.of { $0.id(event.id) }, Array(String(event.loadedUnder).utf8))
        }
        if !known.isEmpty { values[ModelKeys.known(partition)] = .hash(Dictionary(uniqueKeysWithValues: known)) }
        return values
    }

    /// An event's own keys.
    func eventKeys(_ event: ModelEvent) -> [[UInt8]: StoredValue] {
        let partition = event.partition
        var values = [ModelKeys.event(partition, event.id): StoredValue.hash(event.fields)]
        if !event.blocks.isEmpty {
            values[ModelKeys.blocks(partition, event.id)] = .hash(
                Dictionary(
                    uniqueKeysWithValues: event.blocks.map { block in
                        (ModelBytes.of { $0.id(block.key) }, block.value.bytes)
                    }))
        }
        if !event.rows.isEmpty {
            values[ModelKeys.seatMap(partition, event.id)] = .bytes(event.map)
            values[ModelKeys.longestRuns(partition, event.id)] = .bytes(event.runs)
            values[ModelKeys.offsets(partition, event.id)] = .bytes(event.offsets)
        }
        if !event.index.queue.isEmpty {
            values[ModelKeys.queue(partition, event.id)] = .list(event.index.queue.map(\.bytes))
        }
        func scores(_ list: [UUIDBytes: Int]) -> StoredValue {
            .scores(
                Dictionary(uniqueKeysWithValues: list.map { hold in (ModelBytes.of { $0.id(hold.key) }, hold.value) }))
        }
        if !event.index.others.isEmpty {
            values[ModelKeys.others(partition, event.id)] = scores(event.index.others)
        }
        if !event.index.paying.isEmpty {
            values[ModelKeys.paying(partition, event.id)] = scores(event.index.paying)
        }
        for (day, keys) in event.keys.days {
            values[ModelKeys.usedKeys(partition, event.id, day)] = .hash(keys.fields)
        }
        return values
    }

    /// A booking's record, with the actual ids of log entries.
    func record(_ booking: ModelBooking, _ entries: [[String]]) -> StoredValue {
        var record = booking.record
        if let place = booking.entry {
            record.replaceSubrange(ModelBooking.entryBytes, with: entryBytes(entries[partition(of: booking)][place]))
        }
        return .bytes(record)
    }

    func partition(of booking: ModelBooking) -> Int {
        guard let index = event(booking.event) else { preconditionFailure("a booking's event exists") }
        return events[index].partition
    }
}

/// The id of an outbox entry as stored in a record.
func entryBytes(_ id: String) -> [UInt8] {
    let parts = id.split(separator: "-").compactMap { Int($0) }
    return ModelBytes.of { writer in
        writer.number(parts[0], 6)
        writer.number(parts[1], 4)
    }
}
