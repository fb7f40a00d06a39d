public import Booking

/// Whether both stores say the same of an event, and what differs.
public struct AuditReport: Sendable {
    /// What came of it.
    public enum Verdict: String, Sendable {
        /// Both stores keep the law and agree.
        case ok
        /// Something differs.
        case drift
        /// The partition is not open: nothing can be said of Redis.
        case recovering
    }

    /// One thing that differs, or that was or is to be done about it.
    public struct Entry: Sendable, Hashable {
        /// The tier it is about.
        public var tier: TierID?
        /// The booking it is about.
        public var booking: BookingID?
        /// A sentence.
        public var detail: String

        /// An entry.
        public init(tier: TierID? = nil, booking: BookingID? = nil, _ detail: String) {
            self.tier = tier
            self.booking = booking
            self.detail = detail
        }
    }

    /// The event.
    public let event: EventID
    /// What came of it.
    public let verdict: Verdict
    /// Redis's counters.
    public let redis: [TierCounters]
    /// PostgreSQL's counters, which follow Redis's by what is not written down yet.
    public let postgres: [TierCounters]
    /// What differs; empty when the verdict is `ok`.
    public let drift: [Entry]
    /// The outbox's last entry.
    public let lastStreamID: StreamID
    /// Redis's clock, Unix milliseconds.
    public let asOf: Int64
}
