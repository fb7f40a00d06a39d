/// What must never be.
public enum Violation: UInt8, Sendable {
    case none
    /// A booking that was told to be persisted is not confirmed in PostgreSQL, and nobody cancelled it.
    case persistedLost
    /// Two customers were told that they have the same seat, persisted.
    case soldTwice
    /// A confirmation that was answered is in no store, though Redis lost nothing.
    case answerLost
    /// A verdict, though Redis lost nothing.
    case spuriousVerdict
    /// A verdict where a recovery should have come before.
    case verdict
    /// Something was put aside that is no poison.
    case deadLetter
    /// An open partition's seats are not those of its bookings.
    case conservation
    /// Everything is written down, and the stores differ.
    case drift
    /// An entry left the outbox before it was written down.
    case entryLost
    /// Money was taken that no store knows of.
    case moneyLost
    /// Money is kept for a booking that is not confirmed.
    case moneyKept
    /// One idempotency key made two bookings.
    case keyTwice

    /// In words.
    public var words: String {
        switch self {
        case .none: "nothing is violated"
        case .persistedLost: "a booking that was told to be persisted is lost"
        case .soldTwice: "one seat was told to two customers, persisted"
        case .answerLost: "an answered confirmation is lost, though Redis lost nothing"
        case .spuriousVerdict: "a spurious verdict: Redis lost nothing"
        case .verdict: "a verdict where a recovery should have come before"
        case .deadLetter: "something was put aside that is no poison"
        case .conservation: "the seats of an open partition are not those of its bookings"
        case .drift: "everything is written down, and the stores differ for ever"
        case .entryLost: "an entry left the outbox before it was written down"
        case .moneyLost: "money was taken that nobody knows of"
        case .moneyKept: "money is kept for a booking that is not confirmed"
        case .keyTwice: "one idempotency key made two bookings"
        }
    }
}
