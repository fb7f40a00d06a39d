package import BoxOffice

/// What an event has left, from Redis at one moment.
package struct Availability: Sendable {
    /// The event's sequence number; rises with every change.
    package let sequence: Int64
    /// Redis's clock, Unix milliseconds.
    package let asOf: Int64
    /// Whether the event is on sale at all and its numbers are trusted.
    package let isOpen: Bool
    /// Its tiers, in creation order.
    package let tiers: [TierCounters]
}
