#if DEBUG
    import Glibc
#endif

/// Bugs that the simulator of money has to find (`USHER_PLANTED_BUG`); in a release there are none.
public enum PlantedBug: String, Sendable, CaseIterable {
    /// A charge without an answer is made again under a new key.
    case newKey = "new-key"
    /// A callback is acknowledged before it is recorded.
    case earlyAcknowledgement = "early-acknowledgement"
    /// A refund is recorded after it was asked for.
    case lateRecord = "late-record"
    /// A hold lapses while it is being paid.
    case expiryInPayment = "expiry-in-payment"

    #if DEBUG
        /// The one that this process has.
        public static let current = getenv("USHER_PLANTED_BUG").flatMap { PlantedBug(rawValue: String(cString: $0)) }
    #else
        /// None.
        public static let current: PlantedBug? = nil
    #endif

    /// A script as this bug has it.
    static func planted(_ source: String) -> String {
        guard current == .expiryInPayment else { return source }
        return source.replacing("provider_silence = 15 * 60 * 1000", with: "provider_silence = 0")
            .replacing("math.max(b.expires, w.now + attempt_time)", with: "w.now")
    }
}
