import Booking
import Foundation
import RedisClient
import Support
import Testing

/// Many parties for few seats, from several connections on loops of their own.
@Suite("Parties that ask for adjacent seats at once")
struct PartyTests {
    private static let connections = 4
    private static let parties = 100
    private static let seats = 200

    /// How many halls are filled.
    private static var halls: Int {
        ProcessInfo.processInfo.environment["USHER_TEST_HALLS"].flatMap { Int($0) } ?? 200
    }

    /// Requests that travelled together, what they were told, and the event's number of changes right after.
    private struct Group: Sendable {
        let hall: Int
        let sequence: Int
        let answers: [(size: Int, reply: String)]

        /// Whether anybody got seats, and so an entry tells of it.
        var isWritten: Bool { answers.contains { $0.reply.hasPrefix("HELD|") } }
    }

    @Test("nobody's seat is another's, no party is split over rows, and every refusal is true at its moment")
    func parties() async throws {
        var random = SeededGenerator.fromEnvironment()
        let halls = (0..<Self.halls).map { Self.hall($0, &random) }
        let seed = random.next()
        let server = try RedisServerProcess()
        try await ScriptRedis.with(server) { redis in
            let stage = try await Self.stage(redis, halls)
            let groups = try await Self.fill(server, stage, seed: seed)
            let entries = await Self.entries(redis)
            for (number, hall) in halls.enumerated() {
                let own = groups.filter { $0.hall == number }
                #expect(own.reduce(0) { $0 + $1.answers.count } == Self.parties)
                try Self.replay(own, entries[hall.id] ?? [], hall)
            }
        }
    }

    /// 200 seats in rows of 4 to 25.
    private static func hall(_ number: Int, _ random: inout SeededGenerator) -> ModelEvent {
        var rows: [ModelRow] = []
        var left = seats
        while left > 0 {
            let length = left < 8 ? left : Int.random(in: 4...min(25, left - 4), using: &random)
            rows.append(ModelRow(tier: "t", seats: Array(repeating: .available, count: length)))
            left -= length
        }
        let tier = ModelTier(id: "t", kind: .seated, price: 1, capacity: seats, available: seats, blocked: 0)
        return ModelEvent(
            id: "hall\(1000 + number)", partition: 0, policy: ModelPolicy(hold: 600_000, currency: "EUR"),
            tiers: [tier],
            rows: rows, epoch: 0, clock: 0)
    }

    /// All halls on sale.
    private static func stage(_ redis: ScriptRedis, _ halls: [ModelEvent]) async throws -> CommandGenerator {
        var stage = try await CommandGenerator.stage(redis, [])
        let caller = ModelCaller(epoch: stage.model.partitions[0].epoch, identity: CommandGenerator.identity)
        for reply in await redis.perform(halls.map { stage.loadEvent($0, caller) }) {
            #expect(reply.array?.first?.string == "OK")
        }
        return stage
    }

    /// Has every connection ask for its share of the parties, hall after hall, in groups of one to four.
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
                                let name = "b\(connection).\(hall).\(left)"
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
        _ redis: ScriptRedis, _ stage: CommandGenerator, _ hall: Int, _ sizes: [Int], _ name: String
    ) async throws -> Group {
        let claims = sizes.enumerated().map { index, size in
            ModelClaim(
                booking: "\(name).\(index)", user: name, key: nil, answersLater: false, isAgain: false, channel: "",
                trace: "", items: [.best(tier: 1, size)])
        }
        let caller = ModelCaller(epoch: stage.model.partitions[0].epoch, identity: CommandGenerator.identity)
        let event = "hall\(1000 + hall)"
        let step = ScriptStep.reserve(0, caller, event: event, tiers: ["t"], claims, [])
        let (reply, sequence) = await redis.perform(step, andRead: "seq", of: ModelKeys.event(0, event))
        let answers = try #require(reply.array).dropFirst(2).map { $0.string ?? "" }
        #expect(answers.count == sizes.count)
        return Group(
            hall: hall, sequence: try #require(sequence.flatMap { Int($0) }),
            answers: zip(sizes, answers).map { ($0, $1) })
    }

    private static func entries(_ redis: ScriptRedis) async -> [String: [ModelEntry]] {
        let log = await redis.send(["XRANGE", ModelKeys.outbox(0), "-", "+"]).array ?? []
        let entries = log.compactMap { ModelEntry(fields: $0.array?.last?.array?.compactMap(\.string) ?? []) }
        return Dictionary(grouping: entries, by: \.event)
    }

    /// Fills the hall once more, as the outbox has it, and looks at each moment at what was said then.
    private static func replay(_ groups: [Group], _ entries: [ModelEntry], _ hall: ModelEvent) throws {
        var hall = hall
        #expect(entries.map(\.sequence) == Array(1...max(1, entries.count)))
        #expect(groups.filter(\.isWritten).map(\.sequence).sorted() == entries.map(\.sequence))
        // A group that changed nothing was asked after the change whose number it saw.
        let order = groups.sorted { ($0.sequence, $0.isWritten ? 0 : 1) < ($1.sequence, $1.isWritten ? 0 : 1) }
        for group in order {
            var written = group.isWritten ? entries[group.sequence - 1].changes.values.joined().map(\.image) : []
            for (size, reply) in group.answers {
                guard reply.hasPrefix("HELD|") else {
                    let wanted = hall.tiers[0].available < size ? "HELD_BY_OTHERS" : "NO_ADJACENT"
                    try #require(reply.prefix { $0 != "|" } == wanted)
                    try #require(hall.best("t", size) == nil, "\(size) were refused, and fit")
                    continue
                }
                let image = String(reply.split(separator: "|", maxSplits: 2)[2])
                written.remove(at: try #require(written.firstIndex(of: image), "the outbox does not know of it"))
                let seats = try seats(of: image)
                try #require(seats.count == size && seats.allSatisfy { hall.place(of: $0) == .available })
                try #require(seats == hall.best("t", size), "they are adjacent, of one row, and the best there are")
                hall.move("t", size, seats, from: .available, to: .held)
            }
            try #require(written.isEmpty)
        }
        #expect(hall.seatFault == nil)
        #expect(entries.last?.tiers == ["t \(hall.tiers[0].text)"])
    }

    /// Those of its only line.
    private static func seats(of image: String) throws -> [Int] {
        let fields = image.split(separator: "|", omittingEmptySubsequences: false)
        let line = try #require(fields.count == 17 ? fields[14] : nil)
        let places = try #require(line.split(separator: ",", omittingEmptySubsequences: false).last)
        return places.split(separator: "+").compactMap { Int($0) }
    }
}

/// Lets nobody through before all are there.
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
