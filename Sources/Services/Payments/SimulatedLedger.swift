package import BoxOffice

/// A charge in the simulated provider's ledger.
package struct SimulatedCharge: Sendable, Equatable {
    package enum Outcome: Sendable, Equatable {
        /// The money was charged.
        case succeeded
        /// The money was not charged; with the reason.
        case declined(code: String)
        /// The money is charged at this time, Unix milliseconds; never if `nil`.
        case later(Int64?)
    }

    /// The booking that is paid for.
    package let booking: BookingID
    /// Minor units.
    package let amount: Int64
    /// ISO 4217.
    package let currency: String
    package let outcome: Outcome

    package init(booking: BookingID, amount: Int64, currency: String, outcome: Outcome) {
        self.booking = booking
        self.amount = amount
        self.currency = currency
        self.outcome = outcome
    }

    /// Whether the money is charged at a time, Unix milliseconds.
    func isTaken(at now: Int64) -> Bool {
        switch outcome {
        case .succeeded: true
        case .declined: false
        case .later(let time): time.map { $0 <= now } ?? false
        }
    }

    /// Parses `booking amount currency outcome detail`; `nil` if malformed.
    package init?(text: String) {
        let part = text.split(separator: " ", omittingEmptySubsequences: false)
        guard part.count == 5, let booking = UUIDBytes(part[0]), let amount = Int64(part[1]) else { return nil }
        switch part[3] {
        case "succeeded": outcome = .succeeded
        case "declined": outcome = .declined(code: String(part[4]))
        case "later": outcome = .later(Int64(part[4]))
        default: return nil
        }
        self.booking = BookingID(stored: booking)
        self.amount = amount
        currency = String(part[2])
    }

    /// The text form, as parsed by `init(text:)`.
    package var text: String {
        let (word, detail) =
            switch outcome {
            case .succeeded: ("succeeded", "-")
            case .declined(let code): ("declined", code)
            case .later(let time): ("later", time.map { String($0) } ?? "never")
            }
        return booking.description + " " + String(amount) + " " + currency + " " + word + " " + detail
    }
}

/// The simulated provider's ledger. All processes share one, as if they called the same provider.
package protocol SimulatedLedger: AnyObject {
    /// Stores a charge, unless its key already has one.
    ///
    /// - Returns: the stored charge of the key; `nil` if the ledger is unavailable.
    func record(_ charge: SimulatedCharge, key: PaymentID) async -> SimulatedCharge?

    /// Returns the charge of a key.
    ///
    /// - Throws: if the ledger is unavailable.
    func charge(key: PaymentID) async throws -> SimulatedCharge?

    /// Stores a refund. A second call with the same `to` changes nothing.
    ///
    /// - Throws: if the ledger is unavailable.
    func refund(key: PaymentID, from: Int64, to: Int64) async throws
}
