#if DEBUG
    import Glibc
#endif

/// Bugs that the simulator of money and the fault suite have to find (`USHER_PLANTED_BUG`); in a release there are none.
package enum PlantedBug: String, Sendable, CaseIterable {
    // What the simulator of money finds.

    /// A charge without an answer is made again under a new key.
    case newKey = "new-key"
    /// A callback is acknowledged before it is recorded.
    case earlyAcknowledgement = "early-acknowledgement"
    /// A refund is recorded after it was asked for.
    case lateRecord = "late-record"
    /// A hold lapses while it is being paid.
    case expiryInPayment = "expiry-in-payment"

    // What the fault suite finds.

    /// A claim does not look at what its idempotency key was used for.
    case noIdempotency = "no-idempotency"
    /// Who waits is told that it is written down before it is.
    case ackBeforeCommit = "ack-before-commit"
    /// The outbox is trimmed of what is not written down.
    case trimBeyondCursor = "trim-beyond-cursor"
    /// A Redis is known by its `run_id` alone.
    case runIDAlone = "run-id-alone"
    /// A tier's counters are upserted as differences.
    case deltaCounters = "delta-counters"
    /// A hold's record lapses by its key's TTL.
    case expiryByTTL = "expiry-by-ttl"
    /// An empty Redis is taken for one where nothing is sold.
    case openWhenMissing = "open-when-missing"

    #if DEBUG
        /// The one that this process has.
        package static let current = getenv("USHER_PLANTED_BUG").flatMap { PlantedBug(rawValue: String(cString: $0)) }
    #else
        /// None.
        package static let current: PlantedBug? = nil
    #endif
}
