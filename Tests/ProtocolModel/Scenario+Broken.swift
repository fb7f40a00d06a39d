extension Scenario {
    /// A small world for each rule, in which its absence causes a violation.
    package static let broken: [Scenario] = persisting + recovering + acting

    private static let persisting = [
        Scenario("a consumer group hands entries out", without: [.orderedCursor], .drift) {
            $0.copies = 2
            $0.takeoverLimit = 1
            $0.cancels = false
        },
        Scenario("a copy regains its lease, and commits a batch read before", without: [.epochFence], .drift) {
            $0.faults = [.flush]
            $0.copies = 2
            $0.takeoverLimit = 2
            $0.cancels = false
        },
        // Either rule alone is enough here, so both are removed.
        Scenario(
            "a copy lost its lease, and commits a batch read before", without: [.ownerFence, .epochFence], .drift
        ) {
            $0.faults = [.flush]
            $0.copies = 2
            $0.takeoverLimit = 1
            $0.cancels = false
        },
        Scenario("customers get `persisted` too early", without: [.acknowledgeAfterCommit], .persistedLost) {
            $0.faults = [.flush]
        },
        Scenario("customers get `persisted` for another history", without: [.acknowledgeSameVersion], .persistedLost) {
            $0.faults = [.lostTail]
        },
        Scenario("entries are trimmed when read", without: [.trimBelowCursor], .entryLost) { $0.cancels = false },
        Scenario("PostgreSQL accepts everything", without: [.judge], .soldTwice) { $0.faults = [.failBack] },
        Scenario("confirmed bookings change to any status", without: [.confirmedStays], .moneyKept) {
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
        Scenario("a Redis is identified by its run_id alone", without: [.replicationIdentity], .drift) {
            $0.faults = [.failBack]
        },
        Scenario("the identity is compared only at connect", without: [.identityAgain], .drift) {
            $0.faults = [.failBack]
        },
        Scenario("a recovery opens a Redis that restarted meanwhile", without: [.identityAtOpen], .conservation) {
            $0.faults = [.lostTail, .restart]
            $0.faultLimit = 2
            $0.cancels = false
        },
        Scenario("the tail is not persisted", without: [.drainTail], .drift) { $0.faults = [.restart] },
        Scenario("an abandoned history is revived", without: [.lineage], .verdict) {
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
        Scenario("old epochs' records are used", without: [.recordEpoch], .conservation) { $0.faults = [.lostTail] },
        Scenario("holds are not loaded", without: [.reloadHolds], .conservation) { $0.faults = [.restart] },
        Scenario("new entries sort before the cursor", without: [.streamPastCursor], .drift) { $0.faults = [.flush] },
    ]

    private static let acting = [
        Scenario("a group's changes are persisted in parts", without: [.groupIsOneEntry], .spuriousVerdict) {
            $0.replaces = true
            $0.batchLimit = 1
        },
        Scenario("a half-written event stays open", without: [.closedWhenHalfWritten], .drift) {
            $0.faults = [.halfWritten]
        },
        Scenario("keys are not loaded", without: [.reloadKeys], .keyTwice) {
            $0.faults = [.restart]
            $0.bookings = 3
            $0.repeats = true
            $0.cancels = false
        },
        Scenario("a key whose record left Redis is treated as new", without: [.goneFromPostgres], .keyTwice) {
            $0.faults = [.restart]
            $0.bookings = 3
            $0.repeats = true
            $0.cancels = false
        },
        Scenario("scripts write without an outbox", without: [.outboxRequired], .answerLost) {
            $0.faults = [.deletedOutbox]
        },
        Scenario("records are not persisted", without: [.salvage], .answerLost) { $0.faults = [.deletedOutbox] },
        Scenario("records take units before others release them", without: [.endedFirst], .deadLetter) {
            $0.faults = [.deletedOutbox]
            $0.isOneSeat = true
            $0.bookings = 3
        },
        Scenario("verdicts are persisted from records", without: [.salvageSparesVerdicts], .deadLetter) {
            $0.faults = [.failBack]
            $0.bookings = 3
            $0.isOneSeat = true
            $0.cancels = false
            $0.versionLimit = 2
        },
        Scenario("a booking is loaded under a later epoch", without: [.loadUnderReadEpoch], .conservation) {
            $0.faults = [.restart]
            $0.faultLimit = 2
            $0.bookings = 1
            $0.callers = 2
            $0.versionLimit = 3
            $0.reloads = true
        },
        Scenario("an attempt is charged before it is recorded", without: [.recordBeforeCharge], .moneyLost) {
            $0.faults = [.flush]
            $0.bookings = 1
            $0.pays = true
        },
        Scenario("an attempt is ended while it is being charged", without: [.settlePatience], .moneyLost) {
            $0.bookings = 1
            $0.pays = true
        },
    ]
}
