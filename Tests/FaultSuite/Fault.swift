import Support

/// One kind of failure to inject.
package enum Fault: String, Sendable, CaseIterable {
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
    // Data loss in a store.
    case cutTail = "cut-aof-tail"
    case promoteReplica = "promote-replica"
    case failBack = "fail-back"
    case flushAll = "flushall"
    case flushFunctions = "function-flush"
    case deleteStream = "delete-stream"
    // Between processes.
    case resetCommits = "reset-commits"
    case latency = "net-latency"
    case lostRequests = "net-drop-requests"
    case lostAnswers = "net-drop-answers"
    case resets = "net-reset"
    case halfOpen = "net-half-open"
    case slices = "net-slices"
    case stall = "net-stall"
    // The environment.
    case diskFull = "disk-full"
    case clockStep = "clock-step"
    case duplicateBatches = "duplicate-batches"

    /// Whether Redis may lose writes that it has acknowledged.
    package var losesWrites: Bool {
        switch self {
        case .cutTail, .promoteReplica, .failBack, .flushAll: true
        default: false
        }
    }

    /// Whether a copy of the API may be unable to reach PostgreSQL.
    var hidesPostgres: Bool {
        switch self {
        case .killPostgres, .stopPostgres, .restartPostgres, .latency, .lostRequests, .lostAnswers, .resets,
            .halfOpen, .slices, .stall:
            true
        default: false
        }
    }
}

/// One fault, its start and its duration in milliseconds.
struct Injection: Sendable, CustomStringConvertible {
    let fault: Fault
    let begins: Int
    let lasts: Int
    /// Seeds the fault's other random choices.
    let seed: UInt64

    var description: String { "\(fault.rawValue) at \(begins) ms for \(lasts) ms" }
}

/// The faults of one run. The same seed gives the same schedule; processes are real, so a replay repeats the inputs,
/// not their interleaving.
package struct Schedule: Sendable, CustomStringConvertible {
    /// Everything is drawn from this seed.
    package let seed: UInt64
    let injections: [Injection]

    /// The schedule of a seed: the seed modulo the number of faults plus one selects the fault; 0 means three faults at
    /// once.
    package init(seed: UInt64) {
        let kind = Int(seed % UInt64(Fault.allCases.count + 1))
        var dice = SeededGenerator(seed: seed)
        let faults =
            kind > 0 ? [Fault.allCases[kind - 1]] : Array(Fault.allCases.shuffled(using: &dice).prefix(3))
        self.init(seed: seed, faults: faults)
    }

    /// A schedule of these faults, drawn from a seed.
    package init(seed: UInt64, faults: [Fault]) {
        self.seed = seed
        var dice = SeededGenerator(seed: seed &+ 1)
        injections = faults.map { fault in
            Injection(
                fault: fault, begins: Int.random(in: 400...1500, using: &dice),
                lasts: Int.random(in: 200...1500, using: &dice), seed: dice.next())
        }
    }

    /// The first seed, from a number on, whose schedule is this fault alone; for nil, three faults at once.
    package static func seed(of fault: Fault?, from number: UInt64) -> UInt64 {
        let count = UInt64(Fault.allCases.count + 1)
        let kind = fault.flatMap { Fault.allCases.firstIndex(of: $0) }.map { UInt64($0) + 1 } ?? 0
        return number / count * count + kind
    }

    /// Whether this is the schedule's only fault.
    func isAlone(_ fault: Fault) -> Bool { injections.map(\.fault) == [fault] }

    /// Whether Redis may lose writes that it has acknowledged.
    var losesWrites: Bool { injections.contains { $0.fault.losesWrites } }

    /// Whether Redis may lose a payment attempt before PostgreSQL has it: Usher then learns of the money only from the
    /// provider's callback, and keeps it for an hour in case the booking turns up.
    var losesAttempts: Bool { losesWrites && injections.contains { $0.fault.hidesPostgres } }

    /// Whether, for half a second, claims may be made on a Redis that fell back; PostgreSQL then refuses them.
    var fallsBack: Bool { injections.contains { $0.fault == .failBack } }

    /// The faults and their times.
    package var description: String { injections.map(\.description).joined(separator: ", ") }
}
