#if DEBUG
    import Glibc
#endif

/// Bugs that the money simulator and the fault suite must find (`USHER_PLANTED_BUG`). Debug builds only.
package enum PlantedBug: String, Sendable, CaseIterable {
    // Found by the money simulator.

    /// A charge without an answer is retried under a new key.
    case newKey = "new-key"
    /// A callback is acknowledged before it is recorded.
    case earlyAcknowledgement = "early-acknowledgement"
    /// A refund is recorded only after it was requested.
    case lateRecord = "late-record"
    /// A hold expires while it is being paid.
    case expiryInPayment = "expiry-in-payment"

    // Found by the fault suite.

    /// A claim does not check its idempotency key.
    case noIdempotency = "no-idempotency"
    /// A waiting request is acknowledged before the entry is persisted.
    case ackBeforeCommit = "ack-before-commit"
    /// Entries are trimmed from the outbox before they are persisted.
    case trimBeyondCursor = "trim-beyond-cursor"
    /// A Redis is identified by its `run_id` alone.
    case runIDAlone = "run-id-alone"
    /// A tier's counters are upserted as differences.
    case deltaCounters = "delta-counters"
    /// A hold's record expires by the TTL of its Redis key.
    case expiryByTTL = "expiry-by-ttl"
    /// An empty Redis is treated as if nothing were sold.
    case openWhenMissing = "open-when-missing"

    #if DEBUG
        /// The bug planted in this process, if any.
        package static let current = getenv("USHER_PLANTED_BUG").flatMap { PlantedBug(rawValue: String(cString: $0)) }
    #else
        package static let current: PlantedBug? = nil
    #endif
}
