import BoxOffice
import RedisClient
import Support
import Testing

/// Operations with changed bytes, among valid ones.
@Suite("Operations with wrong bytes")
struct WrongBytesTests {
    private static let units = UUIDBytes(high: 1, low: 1)
    private static let seats = UUIDBytes(high: 1, low: 2)
    private static let tiers = [
        ModelTier(id: units, kind: .general, price: 7, capacity: 4000, available: 4000, blocked: 0),
        ModelTier(id: seats, kind: .seated, price: 7, capacity: 60, available: 60, blocked: 0),
    ]
    private static let rows = (0..<6).map { _ in
        ModelRow(tier: seats, seats: Array(repeating: .available, count: 10))
    }

    /// A valid operation of any kind; `number` gives it a new booking.
    private static func operation(_ number: Int, _ random: inout SeededGenerator) -> ModelOperation {
        let key = ModelKey(digest: UUIDBytes(high: 9, low: UInt64(number)), fingerprint: UUIDBytes(high: 9, low: 9))
        let old = CommandGenerator.booking(Int.random(in: 0...number, using: &random))
        let attempt = UUIDBytes(high: 5, low: UInt64(number))
        func claim(_ items: [ModelClaim.Item], _ key: ModelKey? = nil, isOneShot: Bool = false) -> ModelOperation.Kind {
            .claim(
                ModelClaim(
                    booking: CommandGenerator.booking(number), user: "u\(number % 500)", key: key,
                    isOneShot: isOneShot, isAgain: false, items: items))
        }
        func move(_ kind: ModelMove.Kind, _ key: ModelKey? = nil) -> ModelOperation.Kind {
            .move(ModelMove(kind: kind, booking: old, user: "", key: key))
        }
        let kinds: [ModelOperation.Kind] = [
            claim([.units(tier: units, 1)]), claim([.units(tier: units, 1), .best(tier: seats, 2)], key),
            claim([.seats([(number % 6) << 10 | number % 10])]), claim([.units(tier: units, 2)], key, isOneShot: true),
            move(.beginPayment(payment: attempt, provider: "sim"), key), move(.extend), move(.overrule),
            move(
                .confirm(
                    ModelCharge(payment: attempt, provider: "sim", transaction: "t", amount: 7, currency: "EUR"))),
            move(.failPayment(payment: attempt, isFinal: false, reason: "declined", transaction: "")),
            move(.refunded(payment: attempt, amount: 7)), move(.cancel(reason: "changed-mind"), key),
            .block(ModelBlockRequest(block: attempt, key: key, amount: .units(tier: units, 1))),
            .block(ModelBlockRequest(block: attempt, key: nil, amount: .seats([(number % 6) << 10 | number % 10]))),
            .unblock(attempt), .expire,
        ]
        return ModelOperation(
            kind: kinds[Int.random(in: kinds.indices, using: &random)], awaits: false,
            trace: Bool.random(using: &random) ? "00-aa-bb-01" : "")
    }

    /// Changes, removes or adds bytes after the size; the size always matches.
    private static func change(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var changed = bytes
        switch Int.random(in: 0...2, using: &random) {
        case 0:
            for _ in 0...Int.random(in: 0...2, using: &random) {
                changed[Int.random(in: 2..<changed.count, using: &random)] = .random(in: 0...255, using: &random)
            }
        case 1: changed.removeSubrange(Int.random(in: 2..<changed.count, using: &random)...)
        default:
            for _ in 0...Int.random(in: 0...8, using: &random) { changed.append(.random(in: 0...255, using: &random)) }
        }
        changed[0] = UInt8(changed.count >> 8)
        changed[1] = UInt8(changed.count & 255)
        return changed
    }

    /// Checks that every tier's counters are sound: capacity, available, held, sold, blocked.
    private static func checkTiers(_ redis: ScriptRedis) async throws {
        for tier in tiers {
            let field = ModelBytes.of { writer in
                writer.raw("t")
                writer.id(tier.id)
            }
            let stored = await redis.send([Array("HGET".utf8), ModelKeys.event(0, CommandGenerator.event), field])
            let bytes = try #require(stored.bytes)
            let counts = (0..<5).map { bytes[4 * $0..<4 * $0 + 4].reduce(0) { $0 << 8 | Int($1) } }
            #expect(counts[0] == counts[1...].reduce(0, +), "\(counts)")
        }
    }

    @Test("are refused alone, or are read as other operations; no unit is lost")
    func changed() async throws {
        let seed = SeededGenerator.fromEnvironment().seed
        try await ScriptRedis.with { redis in
            var random = SeededGenerator(seed: seed)
            let stage = await CommandGenerator.stage(redis, Self.tiers, rows: Self.rows)
            let caller = stage.servedCaller
            var number = 1
            for _ in 0..<1500 {
                var operations: [[UInt8]] = []
                for _ in 0..<Int.random(in: 1...6, using: &random) {
                    operations.append(Self.operation(number, &random).bytes)
                    number += 1
                }
                let wrong = Int.random(in: operations.indices, using: &random)
                operations[wrong] = Self.change(operations[wrong], &random)
                let step = ScriptStep(caller, event: CommandGenerator.event, partition: 0, [], [])
                let reply = await redis.send(step.command.dropLast() + [Array(operations.joined())])
                let parts = try #require(reply.array, "\(reply) \(operations.map(shown))")
                try #require(parts.count == 3 + 2 * operations.count)
                for place in operations.indices where place != wrong {
                    #expect(parts[3 + 2 * place].string != "MALFORMED", "\(shown(operations[place]))")
                }
            }
            try await Self.checkTiers(redis)
        }
    }

    @Test("with an impossible size end the group; the operations before them take effect")
    func sizes() async throws {
        try await ScriptRedis.with { redis in
            let stage = await CommandGenerator.stage(redis, Self.tiers, rows: Self.rows)
            let claims = (1...2).map { number in
                ModelOperation(
                    kind: .claim(
                        ModelClaim(
                            booking: CommandGenerator.booking(number), user: "a", key: nil, isOneShot: false,
                            isAgain: false, items: [.units(tier: Self.units, 1)])))
            }
            let step = ScriptStep(stage.servedCaller, event: CommandGenerator.event, partition: 0, [], [])
            for size: [UInt8] in [[255, 255], [0, 0], [0, 1]] {
                let blob = claims[0].bytes + size + claims[1].bytes
                let reply = await redis.send(step.command.dropLast() + [blob])
                let words = reply.array?.dropFirst(3).enumerated().filter { $0.offset.isMultiple(of: 2) }
                #expect(words?.map(\.element.string) == [size == [255, 255] ? "HELD" : "EXISTS", "MALFORMED"])
            }
            try await Self.checkTiers(redis)
        }
    }
}
