public import Booking
import Cryptography
public import Inventory
public import Records
import Text

/// What became of what a provider told us, as the provider is told.
public enum CallbackOutcome: String, Sendable, CaseIterable {
    /// The booking is paid.
    case confirmed
    /// It was told before.
    case duplicate
    /// The attempt is over.
    case released
    /// It changes nothing.
    case ignored
    /// It came late, and the same units were still free.
    case reclaimed
    /// It has to go back.
    case refundDue = "refund-due"
    /// It is not what the booking costs, or another booking's.
    case mismatch
    /// There is no such booking.
    case unmatched
}

/// What a provider says of a transaction by itself.
public struct CallbackMessage: Sendable {
    /// Names the message.
    public let id: String
    /// The provider.
    public let provider: String
    /// The provider's name for the charge.
    public let transactionID: String
    /// The booking that it is for.
    public let booking: BookingID
    /// The attempt, when the provider says.
    public let payment: PaymentID?
    /// Minor units.
    public let amount: Int64
    /// ISO 4217.
    public let currency: String
    /// Whether the money was taken.
    public let isSuccess: Bool
    /// Trace context and id of the request that brought it.
    public let trace: String

    /// A message.
    public init(
        id: String, provider: String, transactionID: String, booking: BookingID, payment: PaymentID?, amount: Int64,
        currency: String, isSuccess: Bool, trace: String = ""
    ) {
        self.id = id
        self.provider = provider
        self.transactionID = transactionID
        self.booking = booking
        self.payment = payment
        self.amount = amount
        self.currency = currency
        self.isSuccess = isSuccess
        self.trace = trace
    }
}

/// Tells bookings what became of their money; the same for a callback, an answer and a question. One per loop.
public final class ChargeRecorder {
    private let inventory: Inventory
    private let locator: BookingLocator
    private let charges: ChargeStore

    /// On the stores of one loop.
    public init(inventory: Inventory, locator: BookingLocator, charges: ChargeStore) {
        self.inventory = inventory
        self.locator = locator
        self.charges = charges
    }

    /// Deals with a message: it is on record in PostgreSQL before its booking hears of it, so that it is told again
    /// should this process die, or Redis forget.
    ///
    /// - Throws: when it could not be recorded, or its booking cannot be told now: the provider has to repeat it.
    public func receive(_ message: CallbackMessage) async throws -> CallbackOutcome {
        let unnamed = Self.unnamed(message.provider, message.transactionID)
        let image = try await locator.image(message.booking)
        let told = ToldCharge(
            provider: message.provider, transactionID: message.transactionID, booking: message.booking,
            payment: message.payment ?? Self.attempt(image, message.transactionID) ?? unnamed,
            amount: message.amount, currency: message.currency, isSuccess: message.isSuccess,
            trace: message.trace)
        let outcome: CallbackOutcome
        var state: ChargeStore.State?
        switch try await charges.receive(message.id, told, unnamed: unnamed) {
        case .repeated, .goesBack: outcome = .duplicate
        case .ofAnother: outcome = .mismatch
        case .outdated: outcome = .ignored
        case .recorded(let charge, let isKept) where charge.isSuccess:
            (outcome, state) = try await tell(charge, isKept: isKept)
        case .recorded(let charge, _):
            outcome = try await failed(charge, reason: "payment-declined")
        }
        try await charges.finish(message.id, outcome: outcome.rawValue, told, state: state)
        return outcome
    }

    /// The attempt that a message is about that names none.
    private static func attempt(_ image: BookingImage?, _ transaction: String) -> PaymentID? {
        guard let payment = image?.payment else { return nil }
        let isOpen = payment.status == .pending || payment.status == .failed
        return payment.transactionID == transaction || isOpen && payment.transactionID == nil ? payment.id : nil
    }

    /// The same name for ever of money that came without an attempt.
    static func unnamed(_ provider: String, _ transaction: String) -> PaymentID {
        let hash = sha256(Array("usher charge\0\(provider)\0\(transaction)".utf8))
        func word(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        // UUIDv8 (RFC 9562, section 5.8).
        return PaymentID(
            UUIDBytes(
                high: word(hash[0..<8]) & 0xffff_ffff_ffff_0fff | 0x8000,
                low: word(hash[8..<16]) & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000))
    }

    // MARK: - Money that was taken

    /// Tells a booking of money that was taken, and records what it cannot have.
    ///
    /// - Parameter isKept: whether it was nobody's money before.
    /// - Returns: what became of it, and of its record.
    public func tell(
        _ charge: ToldCharge, isKept: Bool = false
    ) async throws -> (outcome: CallbackOutcome, state: ChargeStore.State?) {
        switch try await confirm(charge) {
        case .done: return (.confirmed, nil)
        case .reclaimed: return (.reclaimed, nil)
        case .already: return (.duplicate, nil)
        case .refundDue: return (.refundDue, nil)
        case .secondCharge(let image):
            return (try await giveBack(charge, image) ? .refundDue : .duplicate, .settled)
        case .mismatch(let image):
            // Of the booking's own charge nothing else was taken, whatever sum is told now.
            return (
                .mismatch, image.payment?.transactionID?.isSame(as: charge.transactionID) == true ? .settled : .mismatch
            )
        case .notFound:
            return (isKept ? .duplicate : .unmatched, .unmatched)
        default:
            throw InventoryError(.scriptFailed, "confirm")
        }
    }

    private func confirm(_ charge: ToldCharge) async throws -> TransitionOutcome {
        guard charge.booking.partition.number < inventory.keys.partitions else { return .notFound }
        return try await locator.act(charge.booking, user: nil) { [inventory] in
            try await inventory.confirm(
                Self.request(charge), payment: charge.payment, provider: charge.provider,
                transactionID: charge.transactionID, amount: charge.amount, currency: charge.currency)
        }
    }

    /// Records money that its booking cannot have, to be given back.
    ///
    /// - Parameter image: the booking.
    /// - Returns: false when that was known.
    @discardableResult
    public func giveBack(_ charge: ToldCharge, _ image: BookingImage?) async throws -> Bool {
        // The attempt's own row goes on as the outbox says while the booking knows of it.
        let isKnown = image?.payment?.id == charge.payment
        return try await charges.giveBack(
            charge, as: isKnown ? Self.unnamed(charge.provider, charge.transactionID) : charge.payment)
    }

    // MARK: - Money that was not taken

    /// Ends an attempt.
    ///
    /// - Parameter reason: kebab-case.
    public func failed(_ charge: ToldCharge, reason: String) async throws -> CallbackOutcome {
        guard charge.booking.partition.number < inventory.keys.partitions else { return .unmatched }
        let outcome = try await locator.act(charge.booking, user: nil) { [inventory] in
            try await inventory.failPayment(
                Self.request(charge), payment: charge.payment, isFinal: false, reason: reason,
                transactionID: charge.transactionID.isEmpty ? nil : charge.transactionID)
        }
        switch outcome {
        case .done: return .released
        case .notFound: return .unmatched
        case .invalidState(let image):
            let isKnown = image.payment?.id == charge.payment && image.payment?.status == .failed
            return isKnown ? .duplicate : .ignored
        default: throw InventoryError(.scriptFailed, "fail_payment")
        }
    }

    private static func request(_ charge: ToldCharge) -> TransitionRequest {
        TransitionRequest(
            booking: charge.booking, user: nil, awaitsAck: false, idempotency: nil, traceparent: charge.trace)
    }
}
