import BoxOffice
import Support

/// Draws commands and applies each to the model, which gives the expected answer. The seed determines everything.
struct CommandGenerator {
    /// The kinds of commands. Each round weighs them differently, so that rare sequences occur in some rounds.
    enum Kind: CaseIterable {
        // Operations of a group.
        case claim, beginPayment, confirm, failPayment, cancel, cancelItems, extend, refunded, overrule, block, unblock,
            expire, unreadable
        // Separate commands.
        case availability, remember, loadBooking, updateEvent, seatMap, publish, close, recoveryStep, tick, persist,
            lose, halfWrite, countKeys

        var weight: Int {
            switch self {
            case .claim, .beginPayment: 100
            case .confirm, .failPayment, .extend: 60
            case .tick: 50
            case .cancelItems: 40
            case .cancel, .remember, .refunded: 30
            case .block, .unblock: 20
            case .expire, .loadBooking, .availability, .seatMap, .updateEvent, .persist: 15
            case .countKeys: 8
            case .publish, .close: 4
            case .unreadable: 2
            case .overrule, .recoveryStep, .lose, .halfWrite: 1
            }
        }

        /// Whether the command is an operation of a group.
        var isOperation: Bool {
            switch self {
            case .claim, .beginPayment, .confirm, .failPayment, .cancel, .cancelItems, .extend, .refunded, .overrule,
                .block, .unblock, .expire, .unreadable:
                true
            case .availability, .remember, .loadBooking, .updateEvent, .seatMap, .publish, .close, .recoveryStep,
                .tick, .persist, .lose, .halfWrite, .countKeys:
                false
            }
        }
    }

    static let partitions = 2
    static let identity = "run:repl:master"
    /// About as much as all other kinds together.
    private static let favouredWeight = 700
    /// An event that does not exist.
    static let nowhere = UUIDBytes(high: 1, low: 2)

    var model = ModelInventory(partitions: Array(repeating: ModelPartition(), count: partitions))
    /// The model with the operations that the group has so far.
    var draft: ModelInventory?
    var state: ModelInventory { draft ?? model }
    var random: SeededGenerator
    /// PostgreSQL's data of each partition, and the remaining steps of its recovery.
    var durable = Array(repeating: DurablePartition(), count: partitions)
    var agenda: [[RecoveryTask]] = Array(repeating: [], count: partitions)
    var highestEpoch = 0
    /// The time of all events, far ahead of Redis's clock: functions use the later of both.
    var time: Int
    /// Ids of bookings so far, by partition: reused later, whether or not Redis still has them.
    var bookingIDs: [[UUIDBytes]] = Array(repeating: [], count: partitions)
    /// By event: a key's digest also covers the request's event.
    private var keys: [UUIDBytes: [ModelKey]] = [:]
    private var moveKeys: [[ModelKey]] = Array(repeating: [], count: partitions)
    var users: [String]
    /// The percentage of groups that may be large.
    let largeGroups: Int
    private var lots: [(kind: Kind, weight: Int)] = []
    private var lotTotal = 0
    private var operationLots: [(kind: Kind, weight: Int)] = []
    private var operationTotal = 0
    private var numbers: UInt64 = 0

    /// - Parameters:
    /// - isSwarm: whether rounds weigh `kinds` differently.
    /// - favoured: the kind to draw most often.
    init(seed: UInt64, kinds: [Kind] = Kind.allCases, isSwarm: Bool = true, favoured: Kind? = nil) {
        random = SeededGenerator(seed: seed)
        time = 4_102_444_800_000 + Int.random(in: 0..<86_400_000, using: &random)
        largeGroups = [1, 1, 5, 30].randomElement(using: &random) ?? 1
        users = []
        for kind in kinds {
            let factor = isSwarm ? [0, 1, 1, 2, 5][Int.random(in: 0..<5, using: &random)] : 1
            lots.append((kind, kind == favoured ? Self.favouredWeight : kind.weight * factor))
        }
        // A round without claims tests nothing.
        if let index = lots.firstIndex(where: { $0.kind == .claim }) { lots[index].weight += Kind.claim.weight }
        lotTotal = lots.reduce(0) { $0 + $1.weight }
        operationLots = lots.filter(\.kind.isOperation)
        operationTotal = operationLots.reduce(0) { $0 + $1.weight }
        users = (1...number(1...9)).map(Self.user)
        for partition in 0..<Self.partitions {
            for _ in 0..<number(1...2) { durable[partition].events.append(newEvent(partition)) }
        }
    }

    /// A user's id; some contain separators, are eight bytes long like a part of an id, or are very long.
    private static func user(_ number: Int) -> String {
        switch number {
        case 2: "u|,;: 2\n"
        case 4: "üser 4"
        case 6: String(repeating: "6", count: 300)
        default: "u\(number)"
        }
    }

    /// Draws the next command and its partition.
    mutating func choose() -> (kind: Kind, partition: Int) {
        let partition = Int.random(in: 0..<Self.partitions, using: &random)
        if !model.partitions[partition].isOpen, chance(80) { return (.recoveryStep, partition) }
        return (draw(lots, lotTotal), partition)
    }

    /// Draws an operation for a group.
    mutating func drawOperation() -> Kind { draw(operationLots, operationTotal) }

    private mutating func draw(_ lots: [(kind: Kind, weight: Int)], _ total: Int) -> Kind {
        var lot = Int.random(in: 0..<total, using: &random)
        for (kind, weight) in lots {
            lot -= weight
            if lot < 0 { return kind }
        }
        return .claim
    }

    /// Draws the command's details and applies it to the model.
    mutating func step(_ kind: Kind, _ partition: Int) -> ScriptStep {
        switch kind {
        case .claim, .beginPayment, .confirm, .failPayment, .cancel, .cancelItems, .extend, .refunded, .overrule,
            .block,
            .unblock, .expire, .unreadable:
            group(partition, kind)
        case .availability: availability(partition)
        case .remember: remember(partition)
        case .loadBooking: loadBooking(partition)
        case .updateEvent: updateEvent(partition)
        case .seatMap: seatMap(partition)
        case .publish: publish(partition)
        case .close: close(partition)
        case .recoveryStep: recoveryStep(partition)
        case .tick: tick()
        case .persist: persist(partition)
        case .lose: lose()
        case .halfWrite: halfWrite(partition)
        case .countKeys: countKeys(partition)
        }
    }

    // MARK: - Draws

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &random)]
    }

    /// A new id, in the form of a version 4 UUID.
    mutating func newID() -> UUIDBytes {
        numbers += 1
        return UUIDBytes(high: random.next() & ~0xf000 | 0x4000, low: 1 << 63 | numbers << 32 | random.next() >> 32)
    }

    /// The id of a new booking.
    mutating func newBooking(_ partition: Int) -> UUIDBytes {
        UUIDBytes(
            high: UInt64(time + number(0...9)) << 16 | 0x7000 | UInt64(partition), low: 1 << 63 | random.next() >> 2)
    }

    /// Mostly a caller that is served.
    mutating func caller(_ partition: Int) -> ModelCaller {
        let epoch = model.partitions[partition].epoch
        return ModelCaller(
            epoch: chance(2) ? max(0, epoch + number(-1...1)) : epoch,
            identity: chance(1) ? "another:server" : Self.identity)
    }

    /// Mostly an event of the partition.
    mutating func eventID(_ partition: Int) -> UUIDBytes {
        chance(1) ? Self.nowhere : pick(durable[partition].events).id
    }

    /// Sometimes a claim's key, new or used, with one of two fingerprints; some keys differ from another only in bits
    /// that the days' hashes do not store.
    mutating func key(_ event: UUIDBytes, percent: Int) -> ModelKey? {
        guard chance(percent) else { return nil }
        let known = keys[event] ?? []
        guard let last = known.last, chance(40) else {
            let key = ModelKey(digest: newDigest(), fingerprint: fingerprint(1), patience: number(1...60_000))
            keys[event, default: []].append(key)
            return key
        }
        let used = chance(50) ? pick(known.suffix(3).map(\.self)) : chance(90) ? pick(known) : last
        let digest = chance(4) ? UUIDBytes(high: used.digest.high, low: used.digest.low ^ 1) : used.digest
        return ModelKey(
            digest: digest, fingerprint: fingerprint(chance(80) ? 1 : 2), patience: number(1...60_000))
    }

    /// Sometimes a key for an operation other than a claim.
    mutating func moveKey(_ partition: Int, percent: Int) -> ModelKey? {
        guard chance(percent) else { return nil }
        if !moveKeys[partition].isEmpty, chance(40) {
            let used = chance(50) ? pick(moveKeys[partition].suffix(3).map(\.self)) : pick(moveKeys[partition])
            return ModelKey(
                digest: used.digest, fingerprint: fingerprint(chance(80) ? 1 : 2), patience: number(1...60_000))
        }
        let key = ModelKey(digest: newDigest(), fingerprint: fingerprint(1), patience: number(1...60_000))
        moveKeys[partition].append(key)
        return key
    }

    /// A digest's first byte differs from that of any user id.
    private mutating func newDigest() -> UUIDBytes {
        UUIDBytes(high: random.next() & ~(1 << 62) | 1 << 63, low: random.next())
    }

    private func fingerprint(_ number: UInt64) -> UUIDBytes { UUIDBytes(high: 0xf1f1_f1f1_f1f1_f1f1, low: number) }
}
