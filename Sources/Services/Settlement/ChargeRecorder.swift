package import BoxOffice
import Cryptography
package import Records
package import SeatInventory
import Text

/// The outcome of a callback, as returned to the provider.
package enum CallbackOutcome: String, Sendable, CaseIterable {
    /// The booking is paid for and confirmed.
    case confirmed
    /// The message was processed before.
    case duplicate
    /// The attempt has failed and is over.
    case released
    /// The message changes nothing.
    case ignored
    /// The message came late, but the same units were still available.
    case reclaimed
    /// The money must be refunded.
    case refundDue = "refund-due"
    /// The amount is not the booking's, or the transaction belongs to another booking.
    case mismatch
    /// There is no such booking.
    case unmatched
}

/// A provider's callback about a transaction.
package struct CallbackMessage: Sendable {
    /// The message id.
    package let id: String
    /// The provider.
    package let provider: String
    /// The provider's id of the charge.
    package let transactionID: String
    /// The booking that was charged for.
    package let booking: BookingID
    /// The attempt, if the provider names it.
    package let payment: PaymentID?
    /// Minor units.
    package let amount: Int64
    /// ISO 4217.
    package let currency: String
    /// Whether the money was charged.
    package let isSuccess: Bool
    /// Trace context and id of the request that delivered the message.
    package let trace: String

    package init(
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

/// Applies outcomes of charges to bookings, whether from a callback, a response or a look-up. One instance per loop.
package final class ChargeRecorder {
    private let inventory: Inventory
    private let locator: BookingLocator
    private let charges: ChargeStore

    /// Takes the stores of one loop.
    package init(inventory: Inventory, locator: BookingLocator, charges: ChargeStore) {
        self.inventory = inventory
        self.locator = locator
        self.charges = charges
    }

    /// Processes a callback. The message is stored in PostgreSQL before it is applied to the booking, so that it is
    /// applied again if this process dies or Redis loses data.
    ///
    /// - Throws: if the message cannot be stored, or cannot be applied now; the provider must retry.
    package func receive(_ message: CallbackMessage) async throws -> CallbackOutcome {
        let unnamed = Self.unnamed(message.provider, message.transactionID)
        let image = try await locator.image(message.booking)
        let told = ReportedCharge(
            provider: message.provider, transactionID: message.transactionID, booking: message.booking,
            payment: message.payment ?? Self.attempt(image, message.transactionID) ?? unnamed,
            amount: message.amount, currency: message.currency, isSuccess: message.isSuccess,
            trace: message.trace)
        let outcome: CallbackOutcome
        var state: ChargeStore.State?
        switch try await charges.receive(message.id, told, unnamed: unnamed) {
        case .repeated, .refundDue: outcome = .duplicate
        case .ofAnother: outcome = .mismatch
        case .outdated: outcome = .ignored
        case .recorded(let charge, let isKept) where charge.isSuccess:
            (outcome, state) = try await apply(charge, isKept: isKept)
        case .recorded(let charge, _):
            outcome = try await failed(charge, reason: "payment-declined")
        }
        try await charges.finish(message.id, outcome: outcome.rawValue, told, state: state)
        return outcome
    }

    /// Finds the attempt for a message that names none.
    private static func attempt(_ image: Booking?, _ transaction: String) -> PaymentID? {
        guard let payment = image?.payment else { return nil }
        let isOpen = payment.status == .pending || payment.status == .failed
        return payment.transactionID == transaction || isOpen && payment.transactionID == nil ? payment.id : nil
    }

    /// Derives a deterministic payment id for a charge without an attempt.
    static func unnamed(_ provider: String, _ transaction: String) -> PaymentID {
        let hash = sha256(Array("usher charge\0\(provider)\0\(transaction)".utf8))
        func word(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        // UUIDv8 (RFC 9562, section 5.8).
        return PaymentID(
            UUIDBytes(
                high: word(hash[0..<8]) & 0xffff_ffff_ffff_0fff | 0x8000,
                low: word(hash[8..<16]) & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000))
    }

    // MARK: - Successful charges

    /// Confirms a booking with a successful charge, or records a refund if the booking cannot use the money.
    ///
    /// - Parameter isKept: whether the charge was stored before as unmatched.
    /// - Returns: the outcome, and the new state of the charge's record.
    package func apply(
        _ charge: ReportedCharge, isKept: Bool = false
    ) async throws -> (outcome: CallbackOutcome, state: ChargeStore.State?) {
        switch try await confirm(charge) {
        case .done: return (.confirmed, nil)
        case .reclaimed: return (.reclaimed, nil)
        case .already: return (.duplicate, nil)
        case .refundDue: return (.refundDue, nil)
        case .secondCharge(let image):
            return (try await recordRefundDue(charge, image) ? .refundDue : .duplicate, .settled)
        case .mismatch(let image):
            // For the booking's own charge no other money was charged, whatever amount the message has.
            return (
                .mismatch, image.payment?.transactionID?.isSame(as: charge.transactionID) == true ? .settled : .mismatch
            )
        case .notFound:
            return (isKept ? .duplicate : .unmatched, .unmatched)
        default:
            throw InventoryError(.scriptFailed, "confirm")
        }
    }

    private func confirm(_ charge: ReportedCharge) async throws -> TransitionOutcome {
        guard charge.booking.partition.number < inventory.keys.partitions else { return .notFound }
        return try await locator.act(charge.booking, user: nil) { [inventory] in
            try await inventory.confirm(
                Self.request(charge), payment: charge.payment, provider: charge.provider,
                transactionID: charge.transactionID, amount: charge.amount, currency: charge.currency)
        }
    }

    /// Records a refund of money that the booking cannot use.
    ///
    /// - Parameter image: the booking.
    /// - Returns: `false` if the refund was recorded before.
    @discardableResult
    package func recordRefundDue(_ charge: ReportedCharge, _ image: Booking?) async throws -> Bool {
        // While the booking refers to the attempt, the outbox determines the attempt's row: use another id.
        let isKnown = image?.payment?.id == charge.payment
        return try await charges.recordRefundDue(
            charge, as: isKnown ? Self.unnamed(charge.provider, charge.transactionID) : charge.payment)
    }

    // MARK: - Failed charges

    /// Ends a failed attempt.
    ///
    /// - Parameter reason: kebab-case.
    package func failed(_ charge: ReportedCharge, reason: String) async throws -> CallbackOutcome {
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

    private static func request(_ charge: ReportedCharge) -> TransitionRequest {
        TransitionRequest(
            booking: charge.booking, user: nil, awaitsAck: false, idempotency: nil, traceparent: charge.trace)
    }
}
