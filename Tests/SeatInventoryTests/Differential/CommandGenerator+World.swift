import BoxOffice

/// Everything besides the functions: time, publication, loss.
extension CommandGenerator {
    /// A new event.
    mutating func newEvent(_ partition: Int) -> ModelEvent {
        let isLarge = chance(largeGroups > 5 ? 60 : 10)
        var tiers: [ModelTier] = []
        var rows: [ModelRow] = []
        for _ in 1...number(1...4) {
            let tier = newID()
            let own = chance(40) ? hall(isLarge).map { row($0, of: tier) } : []
            rows += own
            let seats = own.flatMap(\.seats)
            let capacity = !seats.isEmpty ? seats.count : isLarge ? number(64...200) : number(0...15)
            let blocked =
                !seats.isEmpty ? seats.count { $0 == .blocked } : chance(20) ? number(0...capacity) : 0
            tiers.append(
                ModelTier(
                    id: tier, kind: seats.isEmpty ? .general : .seated, price: chance(10) ? 0 : number(1...5000),
                    capacity: capacity, available: capacity - blocked, blocked: blocked))
        }
        return ModelEvent(
            id: newID(), partition: partition, policy: policy(), tiers: tiers, rows: rows, epoch: 0, clock: time)
    }

    /// The lengths of a tier's rows. Some halls have many rows in which a pair would leave a single seat, more than a claim
    /// looks at; some have a row longer than the longest run that is distinguished from longer ones.
    private mutating func hall(_ isLarge: Bool) -> [Int] {
        if chance(20) { return Array(repeating: 3, count: number(15...16)) + [4, 4] }
        if chance(3) { return [number(120...200)] }
        let length = number(1...(isLarge ? 24 : 8))
        return (0..<number(1...(isLarge ? 12 : 4))).map { _ in chance(60) ? length : number(1...8) }
    }

    private mutating func row(_ length: Int, of tier: UUIDBytes) -> ModelRow {
        ModelRow(tier: tier, seats: (0..<length).map { _ in length != 3 && chance(3) ? .blocked : .available })
    }

    mutating func policy() -> ModelPolicy {
        ModelPolicy(
            isCancelled: chance(3), opens: chance(10) ? time + number(-5000...5000) : nil,
            closes: chance(10) ? time + number(-1000...3_600_000) : nil,
            cancels: chance(30) ? time + number(-1000...3_600_000) : nil,
            hold: pick([1, 1000, 60_000, 600_000, 3_600_000]), maxTickets: chance(40) ? number(1...12) : nil,
            maxBookings: chance(30) ? number(1...4) : nil, currency: "EUR")
    }

    /// Puts a new event on sale, or an existing one again.
    mutating func publish(_ partition: Int) -> ScriptStep {
        let isNew = durable[partition].events.count < 3
        let event = isNew ? newEvent(partition) : pick(durable[partition].events)
        let caller = caller(partition)
        let step = loadEvent(event, caller)
        if isNew, step.reply == [.text("OK")] { durable[partition].events.append(event) }
        return step
    }

    mutating func tick() -> ScriptStep {
        tick(by: pick([1, 20, 700, 15_000, 70_000, 300_000, 1_000_000, chance(10) ? 86_400_000 : 1]))
    }

    /// Advances the time of every event.
    mutating func tick(by milliseconds: Int) -> ScriptStep {
        time += milliseconds
        let script = """
            for i, key in ipairs(KEYS) do
              local n = redis.call('HGET', key, 'n')
              redis.call('HSET', key, 'n', n:sub(1, 6) .. ARGV[1] .. n:sub(13))
            end
            """
        let keys = model.events.map { ModelKeys.event($0.partition, $0.id) }
        for index in model.events.indices { model.events[index].clock = time }
        let clock = ModelBytes.of { $0.number(time, 6) }
        return ScriptStep(
            "tick", ["EVAL", script, String(keys.count)].map { Array($0.utf8) } + keys + [clock])
    }

    /// Lets PostgreSQL catch up: a recovery after a later loss restores this state.
    mutating func persist(_ partition: Int) -> ScriptStep {
        if model.partitions[partition].isOpen { durable[partition].take(model, partition) }
        return ScriptStep("persist \(partition)", [Array("PING".utf8)])
    }

    /// Deletes everything in Redis.
    mutating func lose() -> ScriptStep {
        model = ModelInventory(partitions: Array(repeating: ModelPartition(), count: Self.partitions))
        agenda = Array(repeating: [], count: Self.partitions)
        return ScriptStep("lose", [Array("FLUSHALL".utf8)])
    }

    mutating func halfWrite(_ partition: Int) -> ScriptStep {
        guard model.partitions[partition].isOpen, let index = model.event(eventID(partition)) else { return tick() }
        return halfWrite(partition, index)
    }

    /// Leaves an event as `apply` does when it fails after its first write.
    mutating func halfWrite(_ partition: Int, _ index: Int) -> ScriptStep {
        model.events[index].epochBefore = model.events[index].loadedUnder
        model.events[index].epoch = 0
        model.partitions[partition].broken = model.events[index].id
        let script = """
            redis.call('HSET', KEYS[1], 'p', ARGV[1]) redis.call('ZREM', KEYS[2], ARGV[2])
            redis.call('HSET', KEYS[3], 'broken', ARGV[2])
            """
        let event = model.events[index]
        return ScriptStep(
            "half-write",
            ["EVAL", script, "3"].map { Array($0.utf8) } + [
                ModelKeys.event(partition, event.id), ModelKeys.due(partition), ModelKeys.meta(partition),
                event.fields[Array("p".utf8)] ?? [], Array("\(event.id)".utf8),
            ])
    }

    /// Lets a user have used nearly all the keys that two days allow.
    mutating func countKeys(_ partition: Int) -> ScriptStep {
        guard let index = model.event(eventID(partition)) else { return tick() }
        let (user, count) = (pick(users), number(990...1000))
        let now = model.now(index)
        if let total = model.events[index].totals[user], chance(50) {
            model.events[index].keys.claims[user] = .init(day: ModelKeyDays.day(now), keys: count)
            let script = "redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])"
            return ScriptStep(
                "count-claims",
                ["EVAL", script, "1"].map { Array($0.utf8) } + [
                    ModelKeys.event(partition, model.events[index].id), Array("u\(user)".utf8),
                    total.bytes(model.events[index].keys.claims[user]),
                ])
        }
        model.events[index].keys.count(user, now)
        let day = ModelKeyDays.day(now)
        model.events[index].keys.days[day]?.counts[user] = count
        let event = model.events[index]
        let script = """
            redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) redis.call('PEXPIRE', KEYS[1], 259200000)
            redis.call('UNLINK', KEYS[2])
            local n = redis.call('HGET', KEYS[3], 'n')
            redis.call('HSET', KEYS[3], 'n', n:sub(1, 28) .. ARGV[3])
            """
        let days = ModelBytes.of { writer in
            writer.number(event.keys.last, 3)
            writer.number(event.keys.hasBefore ? 1 : 0, 1)
        }
        return ScriptStep(
            "count-keys",
            ["EVAL", script, "3"].map { Array($0.utf8) } + [
                ModelKeys.usedKeys(partition, event.id, day), ModelKeys.usedKeys(partition, event.id, day - 2),
                ModelKeys.event(partition, event.id), Array(user.utf8), Array(String(count).utf8), days,
            ])
    }
}
