import Booking
import Support

/// Draws commands, has the model do each, and so knows what Redis has to answer. The seed decides all of it.
struct CommandGenerator {
    /// What may be drawn. Each round weighs them anew, so that rare orders of events come up somewhere.
    enum Kind: CaseIterable {
        case reserve, beginPayment, confirm, failPayment, cancel, cancelItems, extend, expire, availability, remember,
            refunded
        case loadBooking, block, unblock, updateEvent, seatMap, publish, close, recoveryStep, tick, persist, lose,
            halfWrite, countKeys

        var weight: Int {
            switch self {
            case .reserve, .beginPayment: 100
            case .confirm, .failPayment, .extend: 60
            case .tick: 50
            case .cancelItems: 40
            case .cancel, .remember, .refunded: 30
            case .block, .unblock: 20
            case .expire, .loadBooking, .availability, .seatMap, .updateEvent, .persist: 15
            case .publish, .close, .countKeys: 4
            case .recoveryStep, .lose, .halfWrite: 1
            }
        }
    }

    static let partitions = 2
    static let identity = "run:repl:master"

    var model = ModelInventory(partitions: Array(repeating: ModelPartition(), count: partitions))
    var random: SeededGenerator
    /// What PostgreSQL has of each partition, and what a recovery still has to do.
    var durable = Array(repeating: DurablePartition(), count: partitions)
    var agenda: [[RecoveryTask]] = Array(repeating: [], count: partitions)
    var highestEpoch = 0
    /// The time of all events, far beyond Redis's own clock: scripts take the later of both.
    var time: Int
    /// What was handed out, by partition: to come back to, whether or not Redis still has it.
    var bookingIDs: [[String]] = Array(repeating: [], count: partitions)
    var digests: [[String]] = Array(repeating: [], count: partitions)
    var users: [String]
    /// How many of a hundred groups may be large.
    let largeGroups: Int
    private var lots: [(kind: Kind, weight: Int)] = []
    private var lotTotal = 0
    private var numbers = 0

    /// - Parameter isSwarm: whether rounds weigh `kinds` differently.
    init(seed: UInt64, kinds: [Kind] = Kind.allCases, isSwarm: Bool = true) {
        random = SeededGenerator(seed: seed)
        time = 4_102_444_800_000 + Int.random(in: 0..<86_400_000, using: &random)
        largeGroups = [1, 1, 5, 30].randomElement(using: &random) ?? 1
        users = (1...Int.random(in: 1...9, using: &random)).map { "u%7C\($0)" }
        for kind in kinds {
            let factor = isSwarm ? [0, 1, 1, 2, 5][Int.random(in: 0..<5, using: &random)] : 1
            lots.append((kind, kind.weight * factor))
        }
        // A round without claims shows nothing.
        if let index = lots.firstIndex(where: { $0.kind == .reserve }) { lots[index].weight += Kind.reserve.weight }
        lotTotal = lots.reduce(0) { $0 + $1.weight }
        for partition in 0..<Self.partitions {
            for _ in 0..<Int.random(in: 1...2, using: &random) {
                durable[partition].events.append(newEvent(partition))
            }
        }
    }

    /// What comes next, and in which partition.
    mutating func choose() -> (kind: Kind, partition: Int) {
        let partition = Int.random(in: 0..<Self.partitions, using: &random)
        if !model.partitions[partition].isOpen, chance(80) { return (.recoveryStep, partition) }
        return (drawKind(), partition)
    }

    private mutating func drawKind() -> Kind {
        var lot = Int.random(in: 0..<lotTotal, using: &random)
        for (kind, weight) in lots {
            lot -= weight
            if lot < 0 { return kind }
        }
        return .reserve
    }

    /// Draws the rest and has the model do it.
    mutating func step(_ kind: Kind, _ partition: Int) -> ScriptStep {
        switch kind {
        case .reserve: reserve(partition)
        case .beginPayment: beginPayment(partition)
        case .confirm: confirm(partition)
        case .failPayment: failPayment(partition)
        case .cancel: cancel(partition)
        case .cancelItems: cancelItems(partition)
        case .extend: extend(partition)
        case .expire: expire(partition)
        case .availability: availability(partition)
        case .remember: remember(partition)
        case .refunded: refunded(partition)
        case .loadBooking: loadBooking(partition)
        case .block: block(partition)
        case .unblock: unblock(partition)
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

    /// A name that nothing had before; as with real ids, none is the beginning of another.
    mutating func newName(_ prefix: String) -> String {
        numbers += 1
        return "\(prefix)\(1_000_000 + numbers)"
    }

    /// Mostly one that is served.
    mutating func caller(_ partition: Int) -> ModelCaller {
        let epoch = model.partitions[partition].epoch
        return ModelCaller(
            epoch: chance(2) ? max(0, epoch + number(-1...1)) : epoch,
            identity: chance(1) ? "another:server" : Self.identity)
    }

    /// Mostly an event of the partition.
    mutating func eventID(_ partition: Int) -> String {
        chance(1) ? "nowhere" : pick(durable[partition].events).id
    }

    /// Now and then a key, new or used, with one of two fingerprints of which one begins with the other.
    mutating func key(_ partition: Int, percent: Int) -> ModelKey? {
        guard chance(percent) else { return nil }
        var digest = newName("\(partition).d")
        if !digests[partition].isEmpty, chance(40) {
            digest = pick(digests[partition].suffix(chance(50) ? 3 : 1000).map(\.self))
        } else {
            digests[partition].append(digest)
        }
        return ModelKey(digest: digest, fingerprint: chance(80) ? "f" : "ff", patience: number(1...60_000))
    }
}
