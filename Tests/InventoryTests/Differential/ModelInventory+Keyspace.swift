import Booking

/// What Redis holds when it is as the model says.
extension ModelInventory {
    /// How many keys there are.
    var keyCount: Int {
        let shared = partitions.indices.reduce(0) { $0 + sharedKeys($1).count }
        return shared + events.reduce(0) { $0 + eventKeys($1).count } + bookings.count + records.count
            + keyCounts.count
    }

    /// The keys of a partition that are not one booking's, request's or event's.
    func sharedKeys(_ partition: Int) -> [String: StoredValue] {
        let state = partitions[partition]
        var values: [String: StoredValue] = [:]
        guard state.epoch > 0 else { return values }
        var meta = ["epoch": String(state.epoch), "state": state.isOpen ? "open" : "recovering"]
        if state.lineage > 0 {
            meta["lineage"] = String(state.lineage)
            meta["identity"] = state.identity
            meta["written"] = String(state.written)
            // Opened once, it has a log for ever.
            values[ModelKeys.outbox(partition)] = .text("")
        }
        meta["cursor"] = state.cursor
        meta["broken"] = state.broken
        if state.isDamaged { meta["damaged"] = "1" }
        values[ModelKeys.meta(partition)] = .hash(meta)
        var due: [String: Int] = [:]
        for event in events where event.partition == partition && event.epoch > 0 { due[event.id] = event.next }
        if !due.isEmpty { values[ModelKeys.due(partition)] = .scores(due) }
        return values
    }

    /// An event's own keys.
    func eventKeys(_ event: ModelEvent) -> [String: StoredValue] {
        let partition = event.partition
        var values = [ModelKeys.event(partition, event.id): StoredValue.hash(event.fields)]
        if !event.totals.isEmpty {
            values[ModelKeys.users(partition, event.id)] = .hash(
                event.totals.mapValues(\.text))
        }
        if !event.blocks.isEmpty {
            values[ModelKeys.blocks(partition, event.id)] = .hash(event.blocks.mapValues(\.text))
        }
        if !event.rows.isEmpty {
            values[ModelKeys.seatMap(partition, event.id)] = .text(event.map)
            values[ModelKeys.longestRuns(partition, event.id)] = .bytes(event.runs)
            values[ModelKeys.offsets(partition, event.id)] = .bytes(event.offsets)
        }
        if !event.holds.isEmpty { values[ModelKeys.expiries(partition, event.id)] = .scores(event.holds) }
        if !event.attempts.isEmpty { values[ModelKeys.paying(partition, event.id)] = .scores(event.attempts) }
        return values
    }

    /// A booking's record, with the ids that the log's entries got.
    func record(_ booking: ModelBooking, _ entries: [[String]]) -> StoredValue {
        let entry = booking.entry.map { entries[partition(of: booking)][$0] } ?? ""
        return .text("\(booking.image)|\(booking.epoch)|\(entry)")
    }

    func partition(of booking: ModelBooking) -> Int {
        guard let index = event(booking.event) else { preconditionFailure("a booking is of an event that is there") }
        return events[index].partition
    }

    func partition(ofDigest digest: String) -> Int { Int(digest.prefix { $0 != "." }) ?? 0 }

    func partition(ofCounter counter: String) -> Int {
        guard let index = event(String(counter.prefix { $0 != ":" })) else {
            preconditionFailure("a counter is of an event that is there")
        }
        return events[index].partition
    }
}

extension ModelEvent {
    /// The event's hash.
    var fields: [String: String] {
        func optional(_ value: Int?) -> String { value.map(String.init) ?? "" }
        var fields = [
            "status": policy.isCancelled ? "cancelled" : "published", "opens": optional(policy.opens),
            "closes": optional(policy.closes), "cancel": optional(policy.cancels),
            "order": tiers.map(\.id).joined(separator: " "), "hold": String(policy.hold),
            "maxt": optional(policy.maxTickets),
            "maxb": optional(policy.maxBookings), "currency": policy.currency,
            "epoch": epoch == 0 ? "closed" : String(epoch), "seq": String(sequence), "next": optional(next),
            "clock": String(clock), "rows": ranges,
        ]
        for tier in tiers { fields["t:\(tier.id)"] = tier.text }
        return fields
    }

    /// The seat map, the longest free run of each row, and where each begins.
    var map: String { rows.map { $0.text + "|" }.joined() }

    var runs: [UInt8] { rows.map { UInt8(128 + min($0.longestRun, 127)) } }

    var offsets: [UInt8] {
        var offsets = [0]
        for row in rows { offsets.append((offsets.last ?? 0) + row.seats.count + 1) }
        return offsets.flatMap { [UInt8($0 >> 16), UInt8($0 >> 8 & 0xff), UInt8($0 & 0xff)] }
    }

    /// Which rows are whose: `tier first last;…`.
    var ranges: String {
        let owners = Set(rows.map(\.tier))
        let ranges = owners.compactMap { tier -> (first: Int, text: String)? in
            guard let first = rows.firstIndex(where: { $0.tier == tier }),
                let last = rows.lastIndex(where: { $0.tier == tier })
            else { return nil }
            return (first, "\(tier) \(first) \(last)")
        }
        return ranges.sorted { $0.first < $1.first }.map(\.text).joined(separator: ";")
    }
}
