/// One version of a booking; distinguishable from a version of the same number in a history that Redis lost.
package struct BookingVersion: Sendable, Hashable, CustomStringConvertible {
    /// From 1; each transition increments it.
    package let number: Int64
    /// When it was made, Unix milliseconds of Redis's clock.
    package let at: Int64

    package init(number: Int64, at: Int64) {
        self.number = number
        self.at = at
    }

    /// `number at`.
    package var description: String { "\(number) \(at)" }
}

extension Booking {
    /// The booking's version.
    package var made: BookingVersion { BookingVersion(number: version, at: updatedAt) }
}
