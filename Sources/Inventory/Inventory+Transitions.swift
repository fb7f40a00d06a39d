public import Booking
import EventLoop
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
        try await move(request, .beginPayment(payment, provider: provider))
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
        let charge = Operation.Charge(
            payment: payment, provider: provider, transactionID: transactionID, amount: amount, currency: currency)
        return try await move(request, .confirm(charge, mayBeUnpaid: mayBeUnpaid))
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
        try await move(
            request,
            .failPayment(payment, isFinal: isFinal, reason: reason, transactionID: transactionID ?? ""))
    }

    /// Records how much of a charge was refunded: `.done`, `.already`, `.invalidState` (the booking has no such payment).
    ///
    /// - Parameter amount: minor units, in all.
    public func refunded(
        _ request: TransitionRequest, payment: PaymentID, amount: Int64
    ) async throws(InventoryError) -> TransitionOutcome {
        try await move(request, .refunded(payment, amount: amount))
    }

    /// Cancels a booking: `.done`, `.already`, `.holdExpired`, `.invalidState`, `.cancellationClosed`.
    public func cancel(
        _ request: TransitionRequest, reason: String
    ) async throws(InventoryError) -> TransitionOutcome {
        try await move(request, .cancel(reason: reason))
    }

    /// Ends a booking that PostgreSQL refused: `.done`, `.already` (it had ended by itself).
    public func overrule(_ request: TransitionRequest) async throws(InventoryError) -> TransitionOutcome {
        try await move(request, .overrule)
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
        try await move(
            request, .cancelItems(tier, quantity: quantity, seats: seats, reason: reason), isRepeatable: false)
    }

    /// Extends a hold: `.done`, `.limit`, `.holdExpired`, `.eventCancelled`, `.invalidState`.
    public func extend(_ request: TransitionRequest) async throws(InventoryError) -> TransitionOutcome {
        // Not asked again when the answer is lost: a second extension cannot be told from the first.
        try await move(request, .extend, isRepeatable: false)
    }

    /// Moves a booking on, together with whatever else this loop does to its event in the same tick.
    ///
    /// - Parameter isRepeatable: whether it checks the state it starts from, so that a second ask after a lost answer
    ///   finds what the first one did. With a key it is never asked again: the first ask may be running under it.
    private func move(
        _ request: TransitionRequest, _ move: Operation.Move, isRepeatable: Bool = true
    ) async throws(InventoryError) -> TransitionOutcome {
        let operation = Operation.move(request, move)
        return try await traced(operation) { () async throws(InventoryError) in
            guard let event = try await event(of: request.booking) else { return .notFound }
            let answer = try await perform(
                operation, of: event, moreLimit: Self.moreLimit,
                isRepeatable: isRepeatable && request.idempotency == nil)
            switch answer {
            case .decided(let decision):
                guard let outcome = TransitionOutcome(decision) else {
                    throw InventoryError(.scriptFailed, "\(operation.name): \(decision.word)")
                }
                return outcome
            case .noEvent: return .notFound
            case .more, .staleEpoch:
                throw InventoryError(.unavailable, "\(operation.name): due holds are still being released")
            }
        }
    }

    /// Tells whoever traces calls of Redis of an operation, which shares its call with others.
    func traced<Outcome>(
        _ operation: Operation, _ body: nonisolated(nonsending) () async throws(InventoryError) -> Outcome
    ) async throws(InventoryError) -> Outcome {
        guard let onScript = connection.onScript, let cause = ScriptCause.record else { return try await body() }
        let start = monotonicNanoseconds()
        do throws(InventoryError) {
            let outcome = try await body()
            onScript(operation.name, cause, monotonicNanoseconds() - start, false)
            return outcome
        } catch {
            onScript(operation.name, cause, monotonicNanoseconds() - start, true)
            throw error
        }
    }

    /// The event of a booking: from memory, or from the booking's record; `nil` when Redis does not have it (any more).
    ///
    /// - Throws: `.recovering` while its partition is not open: it may be on its way here.
    func event(of booking: BookingID) async throws(InventoryError) -> EventID? {
        if let known = bookingEvents[booking] { return known }
        var command = RedisCommand(argumentCount: 4)
        command.append("GETRANGE")
        command.append(keys.booking(booking))
        command.append(BookingLayout.eventOffset)
        command.append(BookingLayout.eventOffset + 15)
        let bytes = try await self.command(command).bytes ?? []
        if bytes.count == 16 {
            var reader = ByteReader(bytes[...])
            let event = EventID(reader.uuid())
            bookingEvents.note(booking, of: event)
            return event
        }
        let state = try await state(of: booking.partition)
        guard state.isOpen, state.identity == (try identity()) else {
            throw InventoryError(.recovering, "partition \(booking.partition.number)")
        }
        return nil
    }
}

extension TransitionOutcome {
    /// Reads what an operation on a booking was told; `nil` when that is nothing it can be told.
    fileprivate init?(_ decision: OperationAnswer.Decision) {
        switch decision.word {
        case "NOT_FOUND", "NO_EVENT": self = .notFound
        case "REUSED": self = .keyReused
        case "KEY_LIMIT": self = .keyLimit
        case "KEY":
            guard let record = IdempotencyRecord(decision.payload) else { return nil }
            self = .replay(record)
        case "CANCELLATION_CLOSED":
            var reader = ByteReader(decision.payload)
            let until = reader.long(6)
            guard let record = BookingRecord(reader.remainder) else { return nil }
            self = .cancellationClosed(record.image, until: until)
        default:
            guard let record = decision.record else { return nil }
            self.init(decision.word, record)
        }
    }

    private init?(_ word: String, _ record: BookingRecord) {
        let (image, entry) = (record.image, record.entry)
        switch word {
        case "OK": self = .done(image, entry: entry)
        case "RECLAIMED": self = .reclaimed(image, entry: entry)
        case "REFUND_DUE": self = .refundDue(image, entry: entry)
        case "ALREADY": self = .already(image)
        case "HOLD_EXPIRED": self = .holdExpired(image)
        case "INVALID": self = .invalidState(image)
        case "LIMIT": self = .limit(image)
        case "EVENT_CANCELLED": self = .eventCancelled(image)
        case "LINE": self = .noSuchItems(image)
        case "SECOND": self = .secondCharge(image)
        case "MISMATCH": self = .mismatch(image)
        default: return nil
        }
    }
}
