extension Scenario {
    /// Worlds with all rules, in which nothing may be violated.
    package static let sound: [Scenario] = [
        Scenario("no fault; the lease changes hands") {
            $0.copies = 2
            $0.takeoverLimit = 2
        },
        Scenario("three bookings, of which two are claimed in one call; Redis is flushed") {
            $0.bookings = 3
            $0.groups = true
            $0.cancels = false
            $0.faults = [.flush]
        },
        Scenario("a hold expires in the call that claims its seat, and entries are persisted one at a time") {
            $0.replaces = true
            $0.batchLimit = 1
        },
        Scenario("a claim fails half-way, after its entry") { $0.faults = [.halfWritten] },
        Scenario("a key is reused, before and after a restart") {
            $0.faults = [.restart]
            $0.bookings = 3
            $0.repeats = true
        },
        Scenario("a key is reused, before and after FLUSHALL") {
            $0.faults = [.flush]
            $0.bookings = 3
            $0.repeats = true
        },
        Scenario("a key is reused, before and after a restart from an earlier moment") {
            $0.faults = [.lostTail]
            $0.bookings = 3
            $0.repeats = true
            $0.cancels = false
        },
        Scenario("a restart with all data") { $0.faults = [.restart] },
        Scenario("a restart, and the reconciler is killed anywhere") {
            $0.faults = [.restart]
            $0.crashLimit = 1
            $0.batchLimit = 1
            $0.recoveryLimit = 3
        },
        Scenario("a restart from an earlier moment") { $0.faults = [.lostTail] },
        Scenario("FLUSHALL while payments are in flight") {
            $0.faults = [.flush]
            $0.bookings = 1
            $0.pays = true
            $0.versionLimit = 6
        },
        Scenario("a restart from an earlier moment while a payment is in flight") {
            $0.faults = [.lostTail]
            $0.bookings = 1
            $0.pays = true
            $0.versionLimit = 5
        },
        Scenario("a deleted outbox") { $0.faults = [.deletedOutbox] },
        Scenario("a deleted outbox, and the reconciler is killed anywhere") {
            $0.faults = [.deletedOutbox]
            $0.crashLimit = 1
            $0.recoveryLimit = 3
        },
        Scenario("bookings that left Redis are loaded again while it restarts twice") {
            $0.faults = [.restart]
            $0.faultLimit = 2
            $0.bookings = 1
            $0.callers = 2
            $0.versionLimit = 3
            $0.reloads = true
        },
        Scenario("a fail-back that is noticed late; one booking") {
            $0.faults = [.failBack]
            $0.bookings = 1
        },
        Scenario("a fail-back that is noticed late", isSmall: false) { $0.faults = [.failBack] },
        Scenario("a fail-back while a payment is in flight", isSmall: false) {
            $0.faults = [.failBack]
            $0.bookings = 1
            $0.pays = true
            $0.versionLimit = 6
        },
        Scenario("a restart while two customers pay", isSmall: false) {
            $0.faults = [.restart]
            $0.pays = true
            $0.versionLimit = 5
        },
        Scenario("FLUSHALL while two customers pay", isSmall: false) {
            $0.faults = [.flush]
            $0.pays = true
        },
        Scenario("a lagging replica is promoted beside the old primary", isSmall: false) {
            $0.faults = [.promotion]
            $0.cancels = false
        },
        Scenario("a lagging replica is promoted; two copies of the API", isSmall: false) {
            $0.faults = [.promotion]
            $0.callers = 2
            $0.cancels = false
            $0.versionLimit = 2
        },
        Scenario("FLUSHALL, and a restart from before the recovery", isSmall: false) {
            $0.faults = [.flush, .lostTail]
            $0.faultLimit = 2
            $0.recoveryLimit = 3
        },
        Scenario("two reconcilers, of which one is killed and one takes over, and a restart", isSmall: false) {
            $0.faults = [.restart]
            $0.copies = 2
            $0.takeoverLimit = 1
            $0.crashLimit = 1
        },
        Scenario("two reconcilers, the lease changes hands, and a restart from an earlier moment", isSmall: false) {
            $0.faults = [.lostTail]
            $0.copies = 2
            $0.takeoverLimit = 1
        },
        Scenario("two reconcilers, the lease changes hands twice, and FLUSHALL", isSmall: false) {
            $0.faults = [.flush]
            $0.copies = 2
            $0.takeoverLimit = 2
        },
        Scenario(
            "three bookings, of which two are claimed in one call, and a restart from an earlier moment", isSmall: false
        ) {
            $0.faults = [.lostTail]
            $0.bookings = 3
            $0.groups = true
            $0.cancels = false
        },
    ]
}
