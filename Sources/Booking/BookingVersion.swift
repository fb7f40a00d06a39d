/// One version of a booking, told from one of the same number in a history that Redis lost.
public struct BookingVersion: Sendable, Hashable, CustomStringConvertible {
    /// From 1; each transition has the next.
    public let number: Int64
    /// When it was made, Unix milliseconds of Redis's clock.
    public let at: Int64

    /// A version.
    public init(number: Int64, at: Int64) {
        self.number = number
        self.at = at
    }

    /// `number at`.
    public var description: String { "\(number) \(at)" }
}

extension BookingImage {
    /// Which version this is.
    public var made: BookingVersion { BookingVersion(number: version, at: updatedAt) }
}
