/// A claim that came with an idempotency key, as far as PostgreSQL remembers it.
public struct RememberedClaim: Sendable, Hashable {
    /// Hexadecimal digest of the key and its scope.
    public let digest: String
    /// Hexadecimal fingerprint of the request.
    public let fingerprint: String
    /// What it led to.
    public let booking: BookingID
    /// For how long the key is still kept.
    public let remainingMilliseconds: Int64

    /// Reads the `digest.fingerprint` of a booking; `nil` when it has none.
    public init?(_ text: String, booking: BookingID, remainingMilliseconds: Int64) {
        let part = text.split(separator: ".", maxSplits: 1)
        guard part.count == 2 else { return nil }
        digest = String(part[0])
        fingerprint = String(part[1])
        self.booking = booking
        self.remainingMilliseconds = remainingMilliseconds
    }
}
