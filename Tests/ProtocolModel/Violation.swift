/// States that must never occur.
package enum Violation: UInt8, Sendable {
    case none
    /// A booking that was reported as persisted is not confirmed in PostgreSQL, although it was not cancelled.
    case persistedLost
    /// Two customers have a persisted confirmation of the same seat.
    case soldTwice
    /// An acknowledged confirmation is in no store, although Redis lost nothing.
    case answerLost
    /// A verdict, although Redis lost nothing.
    case spuriousVerdict
    /// A verdict where a recovery should have run first.
    case verdict
    /// A valid entry became a dead letter.
    case deadLetter
    /// An open partition's seats do not match its bookings.
    case conservation
    /// Everything is persisted, and the stores differ.
    case drift
    /// An entry was trimmed before it was persisted.
    case entryLost
    /// Captured money is recorded in no store.
    case moneyLost
    /// Money is kept for a booking that is not confirmed.
    case moneyKept
    /// One idempotency key made two bookings.
    case keyTwice

    /// A description.
    package var words: String {
        switch self {
        case .none: "nothing is violated"
        case .persistedLost: "a booking that was reported as persisted is lost"
        case .soldTwice: "two customers have a persisted confirmation of one seat"
        case .answerLost: "an acknowledged confirmation is lost, although Redis lost nothing"
        case .spuriousVerdict: "a spurious verdict: Redis lost nothing"
        case .verdict: "a verdict where a recovery should have run first"
        case .deadLetter: "a valid entry became a dead letter"
        case .conservation: "the seats of an open partition do not match its bookings"
        case .drift: "everything is persisted, and the stores still differ"
        case .entryLost: "an entry was trimmed before it was persisted"
        case .moneyLost: "captured money is recorded nowhere"
        case .moneyKept: "money is kept for a booking that is not confirmed"
        case .keyTwice: "one idempotency key made two bookings"
        }
    }
}
