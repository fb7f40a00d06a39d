/// A claim that came with an idempotency key, as far as PostgreSQL remembers it.
public struct RememberedClaim: Sendable, Hashable {
    /// The key.
    public let key: ClaimKey
    /// What it led to.
    public let booking: BookingID
    /// Who made it.
    public let user: UserID
    /// When, Unix milliseconds of Redis's clock.
    public let createdAt: Int64
    /// For how long the key is still kept.
    public let remainingMilliseconds: Int64
    /// Whether the booking was made in the first form of Redis's data: what its claim answered is not known.
    public let isFirstForm: Bool

    /// Reads the `digest.fingerprint` of a booking; `nil` when it has none.
    public init?(
        _ text: String, booking: BookingID, user: UserID, createdAt: Int64, remainingMilliseconds: Int64,
        isFirstForm: Bool
    ) {
        guard let key = ClaimKey(text) else { return nil }
        self.key = key
        self.booking = booking
        self.user = user
        self.createdAt = createdAt
        self.remainingMilliseconds = remainingMilliseconds
        self.isFirstForm = isFirstForm
    }
}
