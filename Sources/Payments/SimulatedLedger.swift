public import Booking

/// What the simulated provider remembers of one charge.
public struct SimulatedCharge: Sendable, Equatable {
    /// What becomes of it.
    public enum Outcome: Sendable, Equatable {
        /// The money was taken.
        case succeeded
        /// It was not; why.
        case declined(code: String)
        /// It is taken then, Unix milliseconds; never, when that is `nil`.
        case later(Int64?)
    }

    /// What it is for.
    public let booking: BookingID
    /// Minor units.
    public let amount: Int64
    /// ISO 4217.
    public let currency: String
    /// What becomes of it.
    public let outcome: Outcome

    /// A charge.
    public init(booking: BookingID, amount: Int64, currency: String, outcome: Outcome) {
        self.booking = booking
        self.amount = amount
        self.currency = currency
        self.outcome = outcome
    }

    /// Whether the money is taken by then, Unix milliseconds.
    func isTaken(at now: Int64) -> Bool {
        switch outcome {
        case .succeeded: true
        case .declined: false
        case .later(let time): time.map { $0 <= now } ?? false
        }
    }

    /// Reads `booking amount currency outcome detail`; `nil` when it is malformed.
    public init?(text: String) {
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

    /// The text form.
    public var text: String {
        let (word, detail) =
            switch outcome {
            case .succeeded: ("succeeded", "-")
            case .declined(let code): ("declined", code)
            case .later(let time): ("later", time.map { String($0) } ?? "never")
            }
        return booking.description + " " + String(amount) + " " + currency + " " + word + " " + detail
    }
}

/// The simulated provider's memory. All processes share one, as if they asked the same provider.
public protocol SimulatedLedger: AnyObject {
    /// Remembers a charge, unless its key has one.
    ///
    /// - Returns: what the key has; `nil` when the memory cannot be reached.
    func record(_ charge: SimulatedCharge, key: PaymentID) async -> SimulatedCharge?

    /// What a key has.
    ///
    /// - Throws: when the memory cannot be reached.
    func charge(key: PaymentID) async throws -> SimulatedCharge?

    /// Remembers what went back; a second time under the same `to` it changes nothing.
    ///
    /// - Throws: when the memory cannot be reached.
    func refund(key: PaymentID, from: Int64, to: Int64) async throws
}
