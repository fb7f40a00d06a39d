public import Booking
import EventLoop
import LuaLibrary
import RedisClient

/// What became of a transition.
public enum TransitionOutcome: Sendable {
    /// It is done; `entry` is where the outbox says so.
    case done(BookingImage, entry: StreamID?)
    /// A late success took the same units again.
    case reclaimed(BookingImage, entry: StreamID?)
    /// It was done before.
    case already(BookingImage)
    /// The hold had lapsed.
    case holdExpired(BookingImage)
    /// The booking's state does not allow it.
    case invalidState(BookingImage)
    /// The event was cancelled.
    case eventCancelled(BookingImage)
    /// The booking has no such line, or not so much of it.
    case noSuchItems(BookingImage)
    /// It is confirmed, and its owner could cancel it until that time (Unix milliseconds).
    case cancellationClosed(BookingImage, until: Int64)
    /// The hold cannot be extended further.
    case limit(BookingImage)
    /// The money that was taken has to go back, and the booking says so.
    case refundDue(BookingImage, entry: StreamID?)
    /// The booking knows another charge: whoever learnt of this one records it.
    case secondCharge(BookingImage)
    /// The charge is not what the booking costs; nothing was done.
    case mismatch(BookingImage)
    /// The key was used by the same request before.
    case replay(IdempotencyRecord)
    /// The key was used by another request.
    case keyReused
    /// The user has as many live keys of this event as may be.
    case keyLimit
    /// Redis does not have the booking (any more), or it is somebody else's.
    case notFound
}

extension TransitionOutcome {
    /// The booking as it is, where that is known.
    public var image: BookingImage? {
        switch self {
        case .done(let image, _), .reclaimed(let image, _), .refundDue(let image, _), .already(let image),
            .holdExpired(let image), .invalidState(let image), .eventCancelled(let image), .noSuchItems(let image),
            .limit(let image), .secondCharge(let image), .mismatch(let image), .cancellationClosed(let image, _):
            image
        case .replay, .keyReused, .keyLimit, .notFound: nil
        }
    }
}

/// Who moves a booking on, and how it is to be remembered.
public struct TransitionRequest: Sendable {
    /// The booking.
    public var booking: BookingID
    /// Its owner as the caller claims it; `nil` for the system or an administrator.
    public var user: UserID?
    /// Whether the caller may cancel at any time: an administrator, or the system. Owners may until the event's
    /// `cancelUntil`.
    public var isPrivileged: Bool
    /// Whether somebody waits for the ack on this loop's channel.
    public var awaitsAck: Bool
    /// The idempotency key, when the request has one.
    public var idempotency: IdempotentRequest?
    /// W3C trace context, or empty.
    public var traceparent: String

    /// A request.
    public init(
        booking: BookingID, user: UserID?, isPrivileged: Bool = false, awaitsAck: Bool,
        idempotency: IdempotentRequest?, traceparent: String
    ) {
        self.booking = booking
        self.user = user
        self.isPrivileged = isPrivileged
        self.awaitsAck = awaitsAck
        self.idempotency = idempotency
        self.traceparent = traceparent
    }
}

extension Inventory {
    /// Begins a payment attempt: `.done`, `.already` (confirmed), `.holdExpired`, `.eventCancelled`,
    /// `.invalidState`.
    public func beginPayment(
        _ request: TransitionRequest, payment: PaymentID, provider: String
    ) async throws(InventoryError) -> TransitionOutcome {
        try await transition(functions.beginPayment, request, [payment.description, provider])
    }

    /// Records that a charge succeeded: `.done`, `.reclaimed`, `.already` (this very charge is the booking's, whatever
    /// became of it), `.refundDue`, `.secondCharge`, `.mismatch`.
    ///
    /// - Parameters:
    ///   - amount: minor units of `currency`.
    ///   - currency: ISO 4217; `nil` when nothing was paid: then only a booking that costs nothing is confirmed.
    ///   - mayBeUnpaid: whether a booking that costs something is confirmed all the same when nothing was paid.
    public func confirm(
        _ request: TransitionRequest, payment: PaymentID, provider: String, transactionID: String, amount: Int64,
        currency: String?, mayBeUnpaid: Bool = false
    ) async throws(InventoryError) -> TransitionOutcome {
        let charge = [
            payment.description, provider, EscapedText.encode(transactionID), String(amount), currency ?? "",
            mayBeUnpaid ? "unpaid" : "",
        ]
        return try await transition(functions.confirm, request, charge)
    }

    /// Records that an attempt failed: `.done` (the image's status tells), `.invalidState` (no such attempt runs).
    ///
    /// - Parameters:
    ///   - isFinal: whether the booking ends with it.
    ///   - reason: kebab-case.
    ///   - transactionID: the provider's name for it, when it has one.
    public func failPayment(
        _ request: TransitionRequest, payment: PaymentID, isFinal: Bool, reason: String, transactionID: String? = nil
    ) async throws(InventoryError) -> TransitionOutcome {
        try await transition(
            functions.failPayment, request,
            [
                payment.description, isFinal ? "final" : "", reason, transactionID.map(EscapedText.encode) ?? "",
            ])
    }

    /// Records how much of a charge went back: `.done`, `.already`, `.invalidState` (the booking has no such payment).
    ///
    /// - Parameter amount: minor units, in all.
    public func refunded(
        _ request: TransitionRequest, payment: PaymentID, amount: Int64
    ) async throws(InventoryError) -> TransitionOutcome {
        try await transition(functions.refunded, request, [payment.description, String(amount)])
    }

    /// Cancels a booking: `.done`, `.already`, `.holdExpired`, `.invalidState`, `.cancellationClosed`.
    public func cancel(
        _ request: TransitionRequest, reason: String
    ) async throws(InventoryError) -> TransitionOutcome {
        try await transition(functions.cancel, request, [reason, request.isPrivileged ? "1" : ""])
    }

    /// Ends a booking that PostgreSQL refused: `.done`, `.already` (it had ended by itself).
    public func overrule(_ request: TransitionRequest) async throws(InventoryError) -> TransitionOutcome {
        try await transition(functions.overrule, request, [])
    }

    /// Cancels a part of one line: `.done`, `.noSuchItems`, `.holdExpired`, `.invalidState`, `.cancellationClosed`.
    ///
    /// - Parameters:
    ///   - quantity: units; `nil` for the whole line, or the seats.
    ///   - seats: seats of the line, each once; empty for a line of general admission or the whole line.
    ///   - reason: of a booking that ends by it; kebab-case.
    public func cancelItems(
        _ request: TransitionRequest, tier: TierID, quantity: Int?, seats: [SeatPosition],
        reason: String = "cancelled-by-user"
    ) async throws(InventoryError) -> TransitionOutcome {
        // Not asked again when the answer is lost: a second part cannot be told from the first.
        try await ask(
            functions.cancelItems, request,
            [
                tier.description, quantity.map { String($0) } ?? "", SeatPosition.text(seats), reason,
                request.isPrivileged ? "1" : "",
            ])
    }

    /// Extends a hold: `.done`, `.limit`, `.holdExpired`, `.eventCancelled`, `.invalidState`.
    public func extend(_ request: TransitionRequest) async throws(InventoryError) -> TransitionOutcome {
        // Not asked again when the answer is lost: a second extension cannot be told from the first.
        try await ask(functions.extend, request, [])
    }

    /// Asks once more when the answer was lost: the transition checks the state it starts from, so that a second ask
    /// finds what the first one did.
    private func transition(
        _ script: RedisFunction, _ request: TransitionRequest, _ own: [String]
    ) async throws(InventoryError) -> TransitionOutcome {
        do {
            return try await ask(script, request, own)
        } catch  where error.code == .outcomeUnknown && request.idempotency == nil {
            do {
                return try await ask(script, request, own)
            } catch {
                // No later refusal proves that nothing was done.
                throw InventoryError(.outcomeUnknown, error.detail)
            }
        }
    }

    private func ask(
        _ script: RedisFunction, _ request: TransitionRequest, _ own: [String]
    ) async throws(InventoryError) -> TransitionOutcome {
        let partition = request.booking.partition
        let record = request.idempotency.map { keys.idempotency(partition, digest: $0.digest) }
        let reply = try await run(
            script, partition: partition,
            keys: [keys.meta(partition), keys.booking(request.booking), record ?? keys.meta(partition)],
            arguments: [
                request.booking.description, request.user.map { EscapedText.encode($0.text) } ?? "",
                request.awaitsAck ? channel : "", request.traceparent, request.idempotency?.fingerprint ?? "",
                String(request.idempotency?.patienceMilliseconds ?? 0),
            ] + own)
        guard let outcome = Self.outcome(reply) else { throw InventoryError(.scriptFailed, script.name) }
        return outcome
    }

    private static func outcome(_ reply: Reply) -> TransitionOutcome? {
        let image = reply.text(0).flatMap { BookingImage(text: $0) }
        let entry = reply.text(1).flatMap { StreamID($0) }
        switch reply.word {
        case "OK": return image.map { .done($0, entry: entry) }
        case "RECLAIMED": return image.map { .reclaimed($0, entry: entry) }
        case "ALREADY": return image.map { .already($0) }
        case "HOLD_EXPIRED": return image.map { .holdExpired($0) }
        case "INVALID": return image.map { .invalidState($0) }
        case "LIMIT": return image.map { .limit($0) }
        case "EVENT_CANCELLED": return image.map { .eventCancelled($0) }
        case "CANCELLATION_CLOSED":
            return image.flatMap { image in reply.integer(1).map { .cancellationClosed(image, until: $0) } }
        case "LINE": return image.map { .noSuchItems($0) }
        case "REFUND_DUE": return image.map { .refundDue($0, entry: entry) }
        case "SECOND": return image.map { .secondCharge($0) }
        case "MISMATCH": return image.map { .mismatch($0) }
        case "REPLAY": return reply.text(0).flatMap { IdempotencyRecord(text: $0) }.map { .replay($0) }
        case "REUSED": return .keyReused
        case "KEY_LIMIT": return .keyLimit
        case "NOT_FOUND", "NO_EVENT": return .notFound
        default: return nil
        }
    }
}
