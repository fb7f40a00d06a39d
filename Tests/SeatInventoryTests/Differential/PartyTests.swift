import BoxOffice
import Foundation
import RedisClient
import Support
import Testing

/// Many parties compete for few seats, over several connections, each on its own loop.
@Suite("Concurrent parties that ask for adjacent seats")
struct PartyTests {
    private static let connections = 4
    private static let parties = 100
    private static let seats = 200

    /// The number of halls to fill.
    private static var halls: Int {
        ProcessInfo.processInfo.environment["USHER_TEST_HALLS"].flatMap { Int($0) } ?? 200
    }

    /// Requests sent together, their answers, and the event's sequence right after.
    private struct Group: Sendable {
        let hall: Int
        let sequence: Int
        let answers: [(size: Int, word: String, record: [UInt8])]

        /// Whether a request got seats, so that the group has an entry.
        var isWritten: Bool { answers.contains { $0.word == "HELD" } }
    }

    private static let tier = UUIDBytes(high: 7, low: 7)

    @Test("no seat has two owners, no party is split over rows, and every refusal was right when it was made")
    func parties() async throws {
        var random = SeededGenerator.fromEnvironment()
        let halls = (0..<Self.halls).map { Self.hall($0, &random) }
        let seed = random.next()
        let server = try RedisServerProcess()
        try await ScriptRedis.with(server) { redis in
            let stage = await Self.stage(redis, halls)
            let groups = try await Self.fill(server, stage, seed: seed)
            let entries = try await Self.entries(redis)
            for (number, hall) in halls.enumerated() {
                let own = groups.filter { $0.hall == number }
                #expect(own.reduce(0) { $0 + $1.answers.count } == Self.parties)
                try Self.replay(own, entries["\(hall.id)"] ?? [], hall)
            }
        }
    }

    /// 200 seats in rows of 4 to 25.
    private static func hall(_ number: Int, _ random: inout SeededGenerator) -> ModelEvent {
        var rows: [ModelRow] = []
        var left = seats
        while left > 0 {
            let length = left < 8 ? left : Int.random(in: 4...min(25, left - 4), using: &random)
            rows.append(ModelRow(tier: tier, seats: Array(repeating: .available, count: length)))
            left -= length
        }
        let counters = ModelTier(
            id: tier, kind: .seated, price: 1, capacity: seats, available: seats, blocked: 0)
        return ModelEvent(
            id: id(number), partition: 0, policy: ModelPolicy(hold: 600_000, currency: "EUR"), tiers: [counters],
            rows: rows, epoch: 0, clock: 0)
    }

    private static func id(_ hall: Int) -> UUIDBytes { UUIDBytes(high: 0xa, low: UInt64(hall)) }

    /// Puts all halls on sale.
    private static func stage(_ redis: ScriptRedis, _ halls: [ModelEvent]) async -> CommandGenerator {
        var stage = CommandGenerator(seed: 1)
        stage.durable = Array(repeating: DurablePartition(), count: CommandGenerator.partitions)
        stage.durable[0].events = halls
        stage.openAll()
        await KeyspaceComparison(redis, partitions: CommandGenerator.partitions).write(stage.model)
        return stage
    }

    /// Every connection requests its share of the parties, hall after hall, in groups of one to four.
    private static func fill(
        _ server: RedisServerProcess, _ stage: CommandGenerator, seed: UInt64
    ) async throws -> [Group] {
        let gate = Gate(connections)
        return try await withThrowingTaskGroup(of: [Group].self) { tasks in
            for connection in 0..<connections {
                tasks.addTask {
                    try await ScriptRedis.with(server) { redis in
                        var random = SeededGenerator(seed: seed &+ UInt64(connection))
                        var groups: [Group] = []
                        for hall in 0..<halls {
                            await gate.pass()
                            var left = parties / connections
                            while left > 0 {
                                let sizes = (0..<Int.random(in: 1...min(4, left), using: &random)).map { _ in
                                    Int.random(in: 1...6, using: &random)
                                }
                                left -= sizes.count
                                let name = (connection << 32 | hall << 16 | left) << 8
                                groups.append(try await ask(redis, stage, hall, sizes, name))
                            }
                        }
                        return groups
                    }
                }
            }
            return try await tasks.reduce(into: []) { $0 += $1 }
        }
    }

    private static func ask(
        _ redis: ScriptRedis, _ stage: CommandGenerator, _ hall: Int, _ sizes: [Int], _ name: Int
    ) async throws -> Group {
        let operations = sizes.enumerated().map { index, size in
            ModelOperation(
                kind: .claim(
                    ModelClaim(
                        booking: CommandGenerator.booking(name + index), user: "u\(name)", key: nil, isOneShot: false,
                        isAgain: false, items: [.best(tier: tier, size)])))
        }
        let step = ScriptStep(stage.servedCaller, event: id(hall), partition: 0, operations, [])
        let (reply, numbers) = await redis.perform(step, andRead: "n", of: ModelKeys.event(0, id(hall)))
        let parts = try #require(reply.array).dropFirst(3)
        #expect(parts.count == 2 * sizes.count)
        let answers = sizes.enumerated().map { index, size in
            (size, parts[3 + 2 * index].string ?? "", parts[4 + 2 * index].bytes ?? [])
        }
        let sequence = try #require(numbers).prefix(6).reduce(0) { $0 << 8 | Int($1) }
        return Group(hall: hall, sequence: sequence, answers: answers)
    }

    /// One entry: its sequence, its records, and the tiers.
    private struct Entry {
        let sequence: Int
        let event: String
        let records: [[UInt8]]
        let tiers: Set<[UInt8]>
    }

    private static func entries(_ redis: ScriptRedis) async throws -> [String: [Entry]] {
        let log = await redis.send(["XRANGE", "{p0}:outbox", "-", "+"]).array ?? []
        let entries = try log.map { entry in
            let read = try #require(ModelEntry(fields: entry.array?.last?.array?.compactMap(\.bytes) ?? []))
            var head = ByteReader(read.head)
            let event = "\(head.id())"
            _ = head.number(4)
            let records = read.changes.values.joined().map { change in
                var reader = ByteReader(change)
                _ = reader.take(17)
                return reader.take(reader.number(2))
            }
            return Entry(sequence: head.number(6), event: event, records: records, tiers: read.tiers)
        }
        return Dictionary(grouping: entries, by: \.event)
    }

    /// Fills the hall again in the outbox's order, and checks each answer against the hall at that moment.
    private static func replay(_ groups: [Group], _ entries: [Entry], _ hall: ModelEvent) throws {
        var hall = hall
        #expect(entries.map(\.sequence) == Array(1...max(1, entries.count)))
        #expect(groups.filter(\.isWritten).map(\.sequence).sorted() == entries.map(\.sequence))
        // A group without changes ran after the change whose sequence it returned.
        let order = groups.sorted { ($0.sequence, $0.isWritten ? 0 : 1) < ($1.sequence, $1.isWritten ? 0 : 1) }
        for group in order {
            var written = group.isWritten ? entries[group.sequence - 1].records : []
            for (size, word, record) in group.answers {
                guard word == "HELD" else {
                    let wanted = hall.tiers[0].available < size ? "HELD_BY_OTHERS" : "NO_ADJACENT"
                    try #require(word == wanted)
                    try #require(hall.best(tier, size) == nil, "\(size) were refused, but fit")
                    continue
                }
                let held = written.firstIndex { isSame($0, record) }
                written.remove(at: try #require(held, "the outbox lacks the record"))
                let seats = try #require(BookingText(record)).lines.flatMap(\.seats)
                try #require(seats.count == size && seats.allSatisfy { hall.place(of: $0) == .available })
                try #require(seats == hall.best(tier, size), "the best adjacent seats of one row")
                hall.move(tier, size, seats, from: .available, to: .held)
            }
            try #require(written.isEmpty)
        }
        #expect(hall.seatFault == nil)
        let counters = ModelBytes.of {
            $0.id(tier); $0.raw(hall.tiers[0].bytes)
        }
        #expect(entries.last?.tiers == [counters])
    }

    /// Whether two records are equal except for their entry.
    private static func isSame(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        let entry = ModelBooking.entryBytes
        return left[..<entry.lowerBound] == right[..<entry.lowerBound]
            && left[entry.upperBound...] == right[entry.upperBound...]
    }
}

/// Blocks every caller until all have arrived.
private actor Gate {
    private let count: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ count: Int) { self.count = count }

    func pass() async {
        guard waiting.count == count - 1 else {
            await withCheckedContinuation { waiting.append($0) }
            return
        }
        let others = waiting
        waiting = []
        for other in others { other.resume() }
    }
}
