import Metrics

/// Counts of a reconciler's work, and its last failure. Lives on one loop; the services write to it.
package final class ReconcilerReport {
    package struct Counts: Sendable {
        /// Entries persisted or dead-lettered.
        package var entries = 0
        /// Dead letters: entries, or bookings of entries.
        package var deadLetters = 0
        /// Expired holds whose units were released.
        package var expired = 0
        /// Recoveries completed.
        package var recoveries = 0
        /// Refunds that providers made.
        package var refunds = 0
        /// Refusals of refunds by providers; a refund that is refused twice counts twice.
        package var refusedRefunds = 0
        /// Bookings overruled because other bookings own the same units: must stay 0.
        package var verdicts = 0
    }

    package internal(set) var counts = Counts()
    /// The failure that was noted last; empty if there was none.
    package private(set) var lastFailure = ""
    /// Called for each failure to log, with the trace context and id of the request that caused it, if known. Texts
    /// contain no customer data.
    package var onFailure: (_ failure: String, _ trace: String?) -> Void = { _, _ in }

    /// Counts a failure, and reports it unless it equals the last one.
    func note(_ failure: String, _ trace: String? = nil) {
        ReconcileMetrics.shared.failures[].add()
        guard failure != lastFailure else { return }
        lastFailure = failure
        onFailure(failure, trace)
    }
}
