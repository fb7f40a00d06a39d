extension Booking {
    /// The reason that the Lua functions set when a hold expires.
    package static let expiryReason = "hold-expired"

    /// Whether it is a hold past its time, which the next function that reads it expires.
    ///
    /// - Parameter now: Redis's clock, Unix milliseconds.
    package func hasExpired(at now: Int64) -> Bool { status == .reserved && expiresAt <= now }

    /// The booking as of a moment: a hold past its time is expired, whether or not that is recorded.
    ///
    /// - Parameter now: Redis's clock, Unix milliseconds.
    package func asOf(_ now: Int64) -> Booking {
        guard hasExpired(at: now) else { return self }
        var image = self
        image.status = .expired
        image.reason = Self.expiryReason
        return image
    }
}
