/// Faults of Redis.
package enum Fault: UInt8, CaseIterable, Sendable {
    /// Redis restarts with all data.
    case restart
    /// Redis restarts with the data of an earlier moment: the end of its log is lost, or an old snapshot was restored.
    case lostTail
    /// FLUSHALL.
    case flush
    /// A lagging replica is promoted while the old primary keeps serving its remaining clients.
    case promotion
    /// A lagging replica is promoted, resynchronised and failed back: older data, the same `run_id`, no dropped
    /// connection.
    case failBack
    /// The outbox is deleted.
    case deletedOutbox
    /// A group that claims fails after its first write, the entry.
    case halfWritten
}

/// The size of the world to search.
package struct Setup: Sendable {
    /// 1 to 3; the first two want the same seat, the third another.
    package var bookings = 2
    /// Whether the third wants that seat, too.
    package var isOneSeat = false
    /// Copies of the reconciler, 1 or 2.
    package var copies = 1
    /// Copies of the API, 1 or 2.
    package var callers = 1
    /// Possible faults, in any order, each as often as `faultLimit` allows.
    package var faults: [Fault] = []
    /// Faults in total.
    package var faultLimit = 1
    /// Kills of reconcilers in total.
    package var crashLimit = 0
    /// Lease takeovers in total; the first copy does not learn of it at once.
    package var takeoverLimit = 0
    /// Recoveries started in total.
    package var recoveryLimit = 2
    /// A booking's highest version.
    package var versionLimit = 4
    /// Entries in one batch, 1 to 4.
    package var batchLimit = 4
    /// Whether bookings are paid in steps; otherwise a claim is confirmed at once.
    package var pays = false
    /// Whether customers cancel confirmed bookings.
    package var cancels = true
    /// Whether holds expire.
    package var expires = true
    /// Whether the first and the third booking may be claimed in one call.
    package var groups = false
    /// Whether the first booking may expire in the call that claims its seat for the second.
    package var replaces = false
    /// Whether the first booking's key is reused: then the third booking is what a second claim makes, and the second
    /// booking is not claimed.
    package var repeats = false
    /// Whether bookings that left Redis are loaded again for further changes.
    package var reloads = false
    /// The rules in force.
    package var rules = Rules()

    /// Two bookings that want one seat, one copy of everything, and no faults.
    package init() {}

    func may(_ fault: Fault) -> Bool { faults.contains(fault) }

    /// Whether Redis's data of an earlier moment is kept, to be restored.
    var keepsImage: Bool { may(.lostTail) || may(.promotion) || may(.failBack) }

    /// A fail-back is noticed within half a second; PostgreSQL has to judge sales made in that time.
    var allowsVerdicts: Bool { may(.failBack) }
}
