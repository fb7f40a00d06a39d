/// The rules of the protocol. Each can be removed to show what it is for.
///
/// Every change of an event goes through one function, `apply`, which takes a group of operations, judges them in
/// tables and writes the result at once; its first write is the outbox entry. A move of the model is such a group,
/// mostly of one operation. A key is looked up in the keys of two days, which map it to the booking that it made.
package enum Rule: UInt8, CaseIterable, Sendable {
    /// A batch starts at the cursor, and commits only if the cursor has not moved.
    case orderedCursor
    /// A batch commits only under the epoch that its writer knows.
    case epochFence
    /// A batch commits only if the copy has the lease.
    case ownerFence
    /// Customers get `persisted` after the commit, not when the batch is read.
    case acknowledgeAfterCommit
    /// `persisted` is reported for the exact version that the row has, not for any version up to it.
    case acknowledgeSameVersion
    /// Entries are trimmed from the outbox only once they are persisted.
    case trimBelowCursor
    /// PostgreSQL assigns a seat to one booking only.
    case judge
    /// In PostgreSQL, a confirmed booking can only become cancelled.
    case confirmedStays
    /// Scripts write only to an open partition.
    case closedWhileRecovering
    /// Scripts of a recovery require its exact epoch.
    case recoveryEpoch
    /// A recovery reads the tail and the records only from the Redis that it closed.
    case recoveryReads
    /// A Redis is identified by its `run_id` and its `master_replid`.
    case replicationIdentity
    /// The identity is compared repeatedly, not only at connect.
    case identityAgain
    /// A recovery opens only the Redis that it started with.
    case identityAtOpen
    /// A recovery persists the surviving tail first.
    case drainTail
    /// A tail from an abandoned history is skipped.
    case lineage
    /// PostgreSQL stores the lineage of the entries, not of the recovery that persists them.
    case lineageOfEntries
    /// A record of another epoch counts as missing.
    case recordEpoch
    /// A recovery loads live holds.
    case reloadHolds
    /// After a recovery, new entries sort after the cursor.
    case streamPastCursor
    /// No script writes if the outbox is missing.
    case outboxRequired
    /// If the outbox is missing, the bookings' records are persisted.
    case salvage
    /// When records are persisted, ended bookings come before those that may take their units.
    case endedFirst
    /// Bookings under a verdict are not persisted from records.
    case salvageSparesVerdicts
    /// A booking is loaded into Redis only under the epoch in which PostgreSQL was read.
    case loadUnderReadEpoch
    /// The provider is asked to charge only once PostgreSQL has the attempt.
    case recordBeforeCharge
    /// An attempt without a charge is ended only when no charge can be in flight.
    case settlePatience
    /// All changes of a group are one entry, so that PostgreSQL persists all of them or none.
    case groupIsOneEntry
    /// A group that failed after its first write closes its event until a recovery.
    case closedWhenHalfWritten
    /// A recovery loads keys in use.
    case reloadKeys
    /// If a key's booking has left Redis, the request is answered from PostgreSQL.
    case goneFromPostgres
}

/// The rules in force.
package struct Rules: Sendable {
    private var mask = UInt64.max

    /// All rules.
    package init() {}

    /// All rules except these.
    package init(without rules: [Rule]) {
        for rule in rules { mask &= ~(1 << UInt64(rule.rawValue)) }
    }

    func holds(_ rule: Rule) -> Bool { mask & (1 << UInt64(rule.rawValue)) != 0 }
}
