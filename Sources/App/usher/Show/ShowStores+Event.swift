import BoxOffice
import PostgresClient
import Records
import SeatInventory

extension ShowStores {
    /// An event, by its id or its number.
    func event(_ name: String) async throws -> String {
        let record = try await record(name)
        guard let id = EventID(name) ?? record?.id else {
            throw Failure(
                Int64(name) == nil
                    ? "“\(name)” is not an event id or number."
                    : pool == nil
                        ? "Event numbers are stored in PostgreSQL only; use the id." : "There is no event \(name).")
        }
        let redis = try await inventory?.shown(id)
        guard redis != nil || record != nil else { throw Failure("There is no event \(id).") }
        var table = ShowTable()
        addTerms(&table, redis, record)
        table.note("epoch", redis: redis?.epoch)
        table.note("sequence", redis: redis.map { "\($0.sequence)" })
        table.note("clock", redis: redis.map { $0.clock == 0 ? "none" : ShowTable.time($0.clock) ?? "" })
        table.note("next due time", redis: redis.map { ShowTable.time($0.next) ?? "never" })
        table.note("time in the due queue", redis: redis.map { ShowTable.time($0.due) ?? "no" })
        let live = try await live(id, record)
        table.note("live holds", redis: redis.map { "\($0.live)" }, postgres: live.map { "\($0.holds)" })
        table.note("groups in the queue", redis: redis.map { "\($0.indexes.queued)" })
        table.note("holds out of order", redis: redis.map { "\($0.indexes.others)" })
        table.note("being paid for", redis: redis.map { "\($0.indexes.paying)" })
        table.note("users", redis: redis.map { "\($0.users)" }, postgres: live.map { "\($0.users)" })
        table.note("blocks", redis: redis.map { "\($0.blocks)" })
        table.note("keys of claims", redis: redis.map(Self.keys))
        addTiers(&table, redis, record)
        let title = record.map { "event \(id) (number \($0.number), partition \(partition(id)))" }
        return text(title ?? "event \(id) (partition \(partition(id)))", table)
    }

    private func partition(_ event: EventID) -> String {
        inventory.map { "\($0.keys.partition(of: event).number)" } ?? "?"
    }

    private func record(_ name: String) async throws -> EventRecord? {
        guard let pool else { return nil }
        if let id = EventID(name) { return try await Catalogue(pool: pool).event(id) }
        guard let number = Int64(name) else { return nil }
        return try await Catalogue(pool: pool).event(number: number)
    }

    private func live(_ event: EventID, _ record: EventRecord?) async throws -> (holds: Int64, users: Int64)? {
        guard let pool, record != nil else { return nil }
        let rows = try await pool.query(
            """
            SELECT count(*) FILTER (WHERE phase = 0) AS holds, count(DISTINCT user_id) AS users
            FROM bookings WHERE event_id = $1::uuid AND phase IN (0, 1)
            """, [.text(event.description)])
        return try rows.first.map { (try $0.integer("holds"), try $0.integer("users")) }
    }

    private static func keys(_ event: ShownEvent) -> String {
        guard event.keyDay.day > 0 else { return "none" }
        let day = ShowTable.time(event.keyDay.day * 86_400_000)?.prefix(10) ?? ""
        return "\(event.keys.day) keys and users of \(day), \(event.keys.before) of the day before"
    }

    private func addTerms(_ table: inout ShowTable, _ redis: ShownEvent?, _ record: EventRecord?) {
        var terms: [String: String] = [:]
        for (name, value) in redis?.terms ?? [] { terms[name] = value }
        let policy = record?.policy(clock: 0, seats: nil)
        func known(_ name: String) -> String? { redis == nil ? nil : terms[name] ?? "" }
        func time(_ name: String) -> String? { known(name).map { ShowTable.time(Int64($0)) ?? "none" } }
        table.add("status", known("status"), record?.status)
        table.add("opens", time("opens"), policy.map { ShowTable.time($0.opensAt) ?? "none" })
        table.add("closes", time("closes"), policy.map { ShowTable.time($0.closesAt) ?? "none" })
        table.add("owners may cancel until", time("cancel"), policy.map { ShowTable.time($0.cancelUntil) ?? "none" })
        table.add(
            "hold", known("hold").map { ShowTable.length(Int64($0) ?? 0) },
            policy.map { ShowTable.length($0.holdMilliseconds) })
        func limit(_ name: String) -> String? { known(name).map { $0.isEmpty ? "none" : $0 } }
        table.add("tickets per user", limit("maxt"), policy.map { $0.maxTicketsPerUser.map(String.init) ?? "none" })
        table.add("bookings per user", limit("maxb"), policy.map { $0.maxBookingsPerUser.map(String.init) ?? "none" })
        table.add("currency", known("currency"), record?.currency)
    }

    /// Adds the tiers. PostgreSQL's counters do not include changes that are not persisted yet.
    private func addTiers(_ table: inout ShowTable, _ redis: ShownEvent?, _ record: EventRecord?) {
        let persisted = record?.policy(clock: 0, seats: nil).tiers ?? []
        let ids = (redis?.tiers ?? persisted).map(\.tier)
        for id in ids + persisted.map(\.tier).filter({ !ids.contains($0) }) {
            let (left, right) = (redis?.tiers.first { $0.tier == id }, persisted.first { $0.tier == id })
            table.add("tier \(id)", left?.kind.rawValue, right?.kind.rawValue)
            for (name, path) in [
                ("capacity", \TierCounters.capacity), ("available", \.available), ("held", \.held), ("sold", \.sold),
                ("blocked", \.blocked),
            ] {
                table.add("  \(name)", left.map { "\($0[keyPath: path])" }, right.map { "\($0[keyPath: path])" })
            }
            table.add("  price (minor units)", left.map { "\($0.unitAmount)" }, right.map { "\($0.unitAmount)" })
        }
    }
}
