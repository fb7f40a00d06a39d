extension BookingImage {
    /// Why a hold ended that nobody paid in time, as the scripts say it.
    public static let lapseReason = "hold-expired"

    /// Whether it is a hold past its time, which the next script that sees it expires.
    ///
    /// - Parameter now: Redis's clock, Unix milliseconds.
    public func hasLapsed(at now: Int64) -> Bool { status == .reserved && expiresAt <= now }

    /// What it is at a moment: a hold past its time is expired, whether or not that is recorded.
    ///
    /// - Parameter now: Redis's clock, Unix milliseconds.
    public func asOf(_ now: Int64) -> BookingImage {
        guard hasLapsed(at: now) else { return self }
        var image = self
        image.status = .expired
        image.reason = Self.lapseReason
        return image
    }
}
