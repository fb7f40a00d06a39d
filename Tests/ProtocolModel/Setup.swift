/// What can go wrong with Redis.
public enum Fault: UInt8, CaseIterable, Sendable {
    /// It restarts with all data.
    case restart
    /// It restarts as it was at an earlier moment: the end of its log is lost, or an old snapshot was restored.
    case lostTail
    /// FLUSHALL.
    case flush
    /// A lagging replica is promoted while the old primary goes on serving whoever still talks to it.
    case promotion
    /// Promoted, resynchronised and failed back: older data, the same `run_id`, no connection dropped.
    case failBack
    /// The outbox is deleted.
    case deletedOutbox
    /// A group that claims fails after its first write, which is the entry.
    case halfWritten
}

/// How large a world is searched.
public struct Setup: Sendable {
    /// 1 to 3; the first two want the same seat, the third another.
    public var bookings = 2
    /// Whether the third wants the seat of the others too.
    public var isOneSeat = false
    /// Copies of the reconciler, 1 or 2.
    public var copies = 1
    /// Copies of the API, 1 or 2.
    public var callers = 1
    /// What may go wrong, in any order, each as often as `faultLimit` allows.
    public var faults: [Fault] = []
    /// Faults in all.
    public var faultLimit = 1
    /// Reconcilers that are killed, in all.
    public var crashLimit = 0
    /// Leases that run out, in all: the other copy takes over, the first has not heard of it.
    public var takeoverLimit = 0
    /// Recoveries that begin, in all.
    public var recoveryLimit = 2
    /// A booking's highest version.
    public var versionLimit = 4
    /// Entries in one batch, 1 to 4.
    public var batchLimit = 4
    /// Whether bookings are paid in steps; else a claim is confirmed at once.
    public var pays = false
    /// Whether customers cancel confirmed bookings.
    public var cancels = true
    /// Whether holds lapse.
    public var expires = true
    /// Whether the first and the third booking may be claimed in one call.
    public var groups = false
    /// Whether the first booking may expire in the call that claims its seat for the second.
    public var replaces = false
    /// Whether the first booking was claimed with a key that is used again: then the third is what a second claim makes,
    /// and the second is not claimed.
    public var repeats = false
    /// Whether bookings that left Redis are put back to be acted on.
    public var reloads = false
    /// The rules that hold.
    public var rules = Rules()

    /// Two bookings that want one seat, one copy of everything, and nothing goes wrong.
    public init() {}

    func may(_ fault: Fault) -> Bool { faults.contains(fault) }

    /// Whether Redis's data of an earlier moment is kept, to come back.
    var keepsImage: Bool { may(.lostTail) || may(.promotion) || may(.failBack) }

    /// A fail-back is noticed within half a second; what was sold in that time PostgreSQL has to judge.
    var allowsVerdicts: Bool { may(.failBack) }
}
