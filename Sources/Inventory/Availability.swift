public import Booking

/// What an event has left, as Redis had it at one moment.
public struct Availability: Sendable {
    /// The event's sequence number; rises with every change.
    public let sequence: Int64
    /// Redis's clock, Unix milliseconds.
    public let asOf: Int64
    /// Whether the event is on sale at all and its numbers are trusted.
    public let isOpen: Bool
    /// Its tiers, in the order in which they were made.
    public let tiers: [TierCounters]
}
