extension Scenario {
    /// For each rule a small world in which its absence shows.
    public static let broken: [Scenario] = persisting + recovering + acting

    private static let persisting = [
        Scenario("a consumer group hands entries out", without: [.orderedCursor], .drift) {
            $0.copies = 2
            $0.takeoverLimit = 1
            $0.cancels = false
        },
        Scenario("a copy has its lease again, and commits what it read before", without: [.epochFence], .drift) {
            $0.faults = [.flush]
            $0.copies = 2
            $0.takeoverLimit = 2
            $0.cancels = false
        },
        // Either alone is enough here: they stand for each other.
        Scenario(
            "a copy has lost its lease, and commits what it read before", without: [.ownerFence, .epochFence], .drift
        ) {
            $0.faults = [.flush]
            $0.copies = 2
            $0.takeoverLimit = 1
            $0.cancels = false
        },
        Scenario("customers hear of it too early", without: [.acknowledgeAfterCommit], .persistedLost) {
            $0.faults = [.flush]
        },
        Scenario("customers hear of another history", without: [.acknowledgeSameVersion], .persistedLost) {
            $0.faults = [.lostTail]
        },
        Scenario("entries leave when they are read", without: [.trimBelowCursor], .entryLost) { $0.cancels = false },
        Scenario("PostgreSQL takes everything", without: [.judge], .soldTwice) { $0.faults = [.failBack] },
        Scenario("confirmed bookings become anything", without: [.confirmedStays], .moneyKept) {
            $0.faults = [.failBack]
            $0.bookings = 1
            $0.pays = true
            $0.versionLimit = 6
        },
    ]

    private static let recovering = [
        Scenario("scripts run during a recovery", without: [.closedWhileRecovering], .drift) {
            $0.faults = [.failBack]
            $0.cancels = false
        },
        Scenario("a stalled recovery loads and opens", without: [.recoveryEpoch], .conservation) {
            $0.faults = [.restart]
            $0.copies = 2
            $0.takeoverLimit = 1
            $0.cancels = false
        },
        Scenario("a recovery reads from another Redis", without: [.recoveryReads], .verdict) {
            $0.faults = [.promotion]
            $0.cancels = false
            $0.expires = false
            $0.versionLimit = 2
        },
        Scenario("a Redis is known by its run_id alone", without: [.replicationIdentity], .drift) {
            $0.faults = [.failBack]
        },
        Scenario("identity is asked for at connecting alone", without: [.identityAgain], .drift) {
            $0.faults = [.failBack]
        },
        Scenario("a recovery opens what restarted meanwhile", without: [.identityAtOpen], .conservation) {
            $0.faults = [.lostTail, .restart]
            $0.faultLimit = 2
            $0.cancels = false
        },
        Scenario("the tail is not written down", without: [.drainTail], .drift) { $0.faults = [.restart] },
        Scenario("a dead past is revived", without: [.lineage], .verdict) {
            $0.faults = [.flush, .lostTail]
            $0.faultLimit = 2
            $0.recoveryLimit = 3
            $0.cancels = false
        },
        Scenario("a recovery dies half-way through a tail", without: [.lineageOfEntries], .answerLost) {
            $0.faults = [.restart]
            $0.crashLimit = 1
            $0.batchLimit = 1
            $0.recoveryLimit = 3
        },
        Scenario("records of older epochs count", without: [.recordEpoch], .conservation) { $0.faults = [.lostTail] },
        Scenario("holds are not loaded", without: [.reloadHolds], .conservation) { $0.faults = [.restart] },
        Scenario("new entries sort before the cursor", without: [.streamPastCursor], .drift) { $0.faults = [.flush] },
    ]

    private static let acting = [
        Scenario("what a group changed is persisted in parts", without: [.groupIsOneEntry], .spuriousVerdict) {
            $0.replaces = true
            $0.batchLimit = 1
        },
        Scenario("a half-written event goes on", without: [.closedWhenHalfWritten], .drift) {
            $0.faults = [.halfWritten]
        },
        Scenario("keys are not loaded", without: [.reloadKeys], .keyTwice) {
            $0.faults = [.restart]
            $0.bookings = 3
            $0.repeats = true
            $0.cancels = false
        },
        Scenario("a key whose record left Redis is taken for a new one", without: [.goneFromPostgres], .keyTwice) {
            $0.faults = [.restart]
            $0.bookings = 3
            $0.repeats = true
            $0.cancels = false
        },
        Scenario("scripts build on an outbox that is gone", without: [.outboxRequired], .answerLost) {
            $0.faults = [.deletedOutbox]
        },
        Scenario("records are not written down", without: [.salvage], .answerLost) { $0.faults = [.deletedOutbox] },
        Scenario("records take units before others release them", without: [.endedFirst], .deadLetter) {
            $0.faults = [.deletedOutbox]
            $0.isOneSeat = true
            $0.bookings = 3
        },
        Scenario("what was judged is written down from records", without: [.salvageSparesVerdicts], .deadLetter) {
            $0.faults = [.failBack]
            $0.bookings = 3
            $0.isOneSeat = true
            $0.cancels = false
            $0.versionLimit = 2
        },
        Scenario("a booking is put back under a later epoch", without: [.loadUnderReadEpoch], .conservation) {
            $0.faults = [.restart]
            $0.faultLimit = 2
            $0.bookings = 1
            $0.callers = 2
            $0.versionLimit = 3
            $0.reloads = true
        },
        Scenario("an attempt is charged that nobody wrote down", without: [.recordBeforeCharge], .moneyLost) {
            $0.faults = [.flush]
            $0.bookings = 1
            $0.pays = true
        },
        Scenario("an attempt is ended that is being charged", without: [.settlePatience], .moneyLost) {
            $0.bookings = 1
            $0.pays = true
        },
    ]
}
