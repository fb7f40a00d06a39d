/// The rules of the protocol, each of which can be taken away to see what it is for.
///
/// Every change of an event goes through one function, `apply`, which takes a group of operations, judges them in tables
/// and writes them at once: its first write is the outbox entry. A move of the model is such a group, mostly of one
/// operation. A key is looked up in the keys of two days, which lead to the booking that it made.
public enum Rule: UInt8, CaseIterable, Sendable {
    /// A batch begins at the cursor, and is committed only if that has not moved.
    case orderedCursor
    /// A batch is committed only under the epoch its writer knows.
    case epochFence
    /// A batch is committed only by the copy that has the lease.
    case ownerFence
    /// Customers hear `persisted` after the commit, not when a batch is read.
    case acknowledgeAfterCommit
    /// `persisted` is said of the very version that the row has, not of a number that is as high.
    case acknowledgeSameVersion
    /// Entries leave the outbox only once they are written down.
    case trimBelowCursor
    /// PostgreSQL gives a seat to one booking.
    case judge
    /// A confirmed booking becomes nothing but cancelled in PostgreSQL.
    case confirmedStays
    /// Scripts write only to a partition that is open.
    case closedWhileRecovering
    /// The scripts of a recovery need exactly its epoch.
    case recoveryEpoch
    /// A recovery reads tail and records only from the Redis that it closed.
    case recoveryReads
    /// A Redis is known by its `run_id` and its `master_replid`.
    case replicationIdentity
    /// Identity is compared again and again, not at connecting alone.
    case identityAgain
    /// A recovery opens only the Redis it began with.
    case identityAtOpen
    /// A recovery writes the surviving tail down first.
    case drainTail
    /// A tail of a past that PostgreSQL has moved on from is passed over.
    case lineage
    /// The lineage in PostgreSQL is that of the entries, not of the recovery that writes them down.
    case lineageOfEntries
    /// A record of another epoch counts as absent.
    case recordEpoch
    /// Live holds are loaded in a recovery.
    case reloadHolds
    /// After a recovery new entries sort after the cursor.
    case streamPastCursor
    /// No script builds on an outbox that is gone.
    case outboxRequired
    /// Where the outbox is gone, the bookings' records are written down.
    case salvage
    /// Of records, those of bookings that ended are persisted before those that may take what they release.
    case endedFirst
    /// What a verdict was made of is not written down from records.
    case salvageSparesVerdicts
    /// A booking is put back into Redis only under the epoch in which PostgreSQL was read.
    case loadUnderReadEpoch
    /// The provider is asked for money only once PostgreSQL has the attempt.
    case recordBeforeCharge
    /// An attempt is ended for want of a charge only when none can be under way.
    case settlePatience
    /// What a group of operations changed is one entry, so that PostgreSQL takes all of it or nothing.
    case groupIsOneEntry
    /// A group that failed after its first write closes its event until a recovery.
    case closedWhenHalfWritten
    /// Keys in use are loaded in a recovery.
    case reloadKeys
    /// A request whose key made a booking that has left Redis is answered from PostgreSQL.
    case goneFromPostgres
}

/// Those of the rules that hold.
public struct Rules: Sendable {
    private var mask = UInt64.max

    /// All of them.
    public init() {}

    /// All but some.
    public init(without rules: [Rule]) {
        for rule in rules { mask &= ~(1 << UInt64(rule.rawValue)) }
    }

    func holds(_ rule: Rule) -> Bool { mask & (1 << UInt64(rule.rawValue)) != 0 }
}
