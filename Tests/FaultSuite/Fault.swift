import Support

/// One way in which things go wrong.
public enum Fault: String, Sendable, CaseIterable {
    // Processes.
    case killRedis = "kill-redis"
    case stopRedis = "stop-redis"
    case killPostgres = "kill-postgres"
    case stopPostgres = "stop-postgres"
    case restartPostgres = "restart-postgres"
    case killServer = "kill-serve"
    case stopServer = "stop-serve"
    case killReconciler = "kill-reconcile"
    case stopReconciler = "stop-reconcile"
    // What a store forgets.
    case cutTail = "cut-aof-tail"
    case promoteReplica = "promote-replica"
    case failBack = "fail-back"
    case flushAll = "flushall"
    case flushFunctions = "function-flush"
    case deleteStream = "delete-stream"
    // Between the processes.
    case resetCommits = "reset-commits"
    case latency = "net-latency"
    case lostRequests = "net-drop-requests"
    case lostAnswers = "net-drop-answers"
    case resets = "net-reset"
    case halfOpen = "net-half-open"
    case slices = "net-slices"
    case stall = "net-stall"
    // Around them.
    case diskFull = "disk-full"
    case clockStep = "clock-step"
    case duplicateBatches = "duplicate-batches"

    /// Whether Redis may forget what it has answered.
    public var losesWrites: Bool {
        switch self {
        case .cutTail, .promoteReplica, .failBack, .flushAll: true
        default: false
        }
    }

    /// Whether a copy of the API may not reach PostgreSQL.
    var hidesPostgres: Bool {
        switch self {
        case .killPostgres, .stopPostgres, .restartPostgres, .latency, .lostRequests, .lostAnswers, .resets,
            .halfOpen, .slices, .stall:
            true
        default: false
        }
    }
}

/// One fault, when it begins and how long it lasts, in milliseconds.
struct Injection: Sendable, CustomStringConvertible {
    let fault: Fault
    let begins: Int
    let lasts: Int
    /// What the rest of its choices is drawn from.
    let seed: UInt64

    var description: String { "\(fault.rawValue) at \(begins) ms for \(lasts) ms" }
}

/// What goes wrong in one run; the same seed gives the same schedule. Processes are real, so what is replayed are the
/// inputs, not how they interleave.
public struct Schedule: Sendable, CustomStringConvertible {
    /// What all of it is drawn from.
    public let seed: UInt64
    let injections: [Injection]

    /// The schedule of a seed: what remains of it after a division says which fault it is, or 0 that it is three at once.
    public init(seed: UInt64) {
        let kind = Int(seed % UInt64(Fault.allCases.count + 1))
        var dice = SeededGenerator(seed: seed)
        let faults =
            kind > 0 ? [Fault.allCases[kind - 1]] : Array(Fault.allCases.shuffled(using: &dice).prefix(3))
        self.init(seed: seed, faults: faults)
    }

    /// These faults, drawn from a seed.
    public init(seed: UInt64, faults: [Fault]) {
        self.seed = seed
        var dice = SeededGenerator(seed: seed &+ 1)
        injections = faults.map { fault in
            Injection(
                fault: fault, begins: Int.random(in: 400...1500, using: &dice),
                lasts: Int.random(in: 200...1500, using: &dice), seed: dice.next())
        }
    }

    /// The first seed, from a number on, whose schedule is this fault alone; of none: three at once.
    public static func seed(of fault: Fault?, from number: UInt64) -> UInt64 {
        let count = UInt64(Fault.allCases.count + 1)
        let kind = fault.flatMap { Fault.allCases.firstIndex(of: $0) }.map { UInt64($0) + 1 } ?? 0
        return number / count * count + kind
    }

    /// Whether nothing but this goes wrong.
    func isAlone(_ fault: Fault) -> Bool { injections.map(\.fault) == [fault] }

    /// Whether Redis may forget what it has answered.
    var losesWrites: Bool { injections.contains { $0.fault.losesWrites } }

    /// Whether Redis may forget an attempt to pay that PostgreSQL could not be told of: its money is known from what the
    /// provider says by itself, and kept for an hour in case its booking turns up.
    var losesAttempts: Bool { losesWrites && injections.contains { $0.fault.hidesPostgres } }

    /// Whether claims may be made for half a second on what a Redis has fallen back to, which PostgreSQL then refuses.
    var fallsBack: Bool { injections.contains { $0.fault == .failBack } }

    /// Its faults and when they are.
    public var description: String { injections.map(\.description).joined(separator: ", ") }
}
