/// A claim with an idempotency key, as stored in PostgreSQL.
package struct StoredClaimKey: Sendable, Hashable {
    package let key: ClaimKey
    /// The booking that it made.
    package let booking: BookingID
    /// The user who made it.
    package let user: UserID
    /// When, Unix milliseconds of Redis's clock.
    package let createdAt: Int64
    /// How long the key is still valid.
    package let remainingMilliseconds: Int64
    /// Whether the booking was made in the first form of Redis's data: the answer to its claim is unknown.
    package let isFirstForm: Bool

    /// Parses a booking's `digest.fingerprint`; `nil` if it has none.
    package init?(
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
