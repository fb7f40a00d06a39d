package import BoxOffice

/// The result of comparing both stores about an event.
package struct AuditReport: Sendable {
    package enum Verdict: String, Sendable {
        /// Both stores agree, and units are conserved.
        case ok
        /// Something differs.
        case drift
        /// The partition is not open, so Redis cannot be compared.
        case recovering
    }

    /// One difference, or one action that repairs it.
    package struct Entry: Sendable, Hashable {
        /// The affected tier, if any.
        package var tier: TierID?
        /// The affected booking, if any.
        package var booking: BookingID?
        /// A description in one sentence.
        package var detail: String

        package init(tier: TierID? = nil, booking: BookingID? = nil, _ detail: String) {
            self.tier = tier
            self.booking = booking
            self.detail = detail
        }
    }

    package let event: EventID
    package let verdict: Verdict
    /// Redis's counters.
    package let redis: [TierCounters]
    /// PostgreSQL's counters, without changes that are not persisted yet.
    package let postgres: [TierCounters]
    /// The differences; empty if the verdict is `ok`.
    package let drift: [Entry]
    /// The outbox's last entry.
    package let lastStreamID: StreamID
    /// Redis's clock, Unix milliseconds.
    package let asOf: Int64
}
