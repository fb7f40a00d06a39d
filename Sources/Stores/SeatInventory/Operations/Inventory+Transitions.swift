package import BoxOffice
import Loops
import RedisClient

/// The result of a transition.
package enum TransitionOutcome: Sendable {
    /// It is done; `entry` is its outbox entry.
    case done(Booking, entry: StreamID?)
    /// A late success took the same units again.
    case reclaimed(Booking, entry: StreamID?)
    /// It was done before.
    case already(Booking)
    /// The hold has expired.
    case holdExpired(Booking)
    /// The booking's state does not allow it.
    case invalidState(Booking)
    /// The event was cancelled.
    case eventCancelled(Booking)
    /// The booking has no such line, or fewer units in it.
    case noSuchItems(Booking)
    /// It is confirmed, and its owner's cancellation deadline (Unix milliseconds) has passed.
    case cancellationClosed(Booking, until: Int64)
    /// The hold cannot be extended further.
    case limit(Booking)
    /// The money that was taken must be refunded, and the booking records it.
    case refundDue(Booking, entry: StreamID?)
    /// The booking has another charge: the caller must record this one.
    case secondCharge(Booking)
    /// The charge does not match the booking's price; nothing was done.
    case mismatch(Booking)
    /// The same request used the key before.
    case replay(IdempotencyRecord)
    /// Another request used the key.
    case keyReused
    /// The user has reached the limit of live keys for this event.
    case keyLimit
    /// The booking is not in Redis (any more), or has another owner.
    case notFound
}

extension TransitionOutcome {
    /// The booking after the transition, if known.
    package var image: Booking? {
        switch self {
        case .done(let image, _), .reclaimed(let image, _), .refundDue(let image, _), .already(let image),
            .holdExpired(let image), .invalidState(let image), .eventCancelled(let image), .noSuchItems(let image),
            .limit(let image), .secondCharge(let image), .mismatch(let image), .cancellationClosed(let image, _):
            image
        case .replay, .keyReused, .keyLimit, .notFound: nil
        }
    }
}

/// The caller of a transition, and how its answer is stored and acknowledged.
package struct TransitionRequest: Sendable {
    package var booking: BookingID
    /// The owner as the caller claims it; `nil` for the system or an administrator.
    package var user: UserID?
    /// Whether the caller may cancel at any time: an administrator, or the system. Owners may until the event's
    /// `cancelUntil`.
    package var isPrivileged: Bool
    /// Whether the caller waits for the acknowledgement on this loop's channel.
    package var awaitsAck: Bool
    /// The idempotency key, if the request has one.
    package var idempotency: IdempotentRequest?
    /// W3C trace context, or empty.
    package var traceparent: String

    package init(
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
    package func beginPayment(
        _ request: TransitionRequest, payment: PaymentID, provider: String
    ) async throws(InventoryError) -> TransitionOutcome {
        try await move(request, .beginPayment(payment, provider: provider))
    }

    /// Records that a charge succeeded: `.done`, `.reclaimed`, `.already` (the booking has this very charge, whatever
    /// its present status), `.refundDue`, `.secondCharge`, `.mismatch`.
    ///
    /// - Parameters:
    ///   - amount: minor units of `currency`.
    ///   - currency: ISO 4217; `nil` if nothing was paid: then only a free booking is confirmed.
    ///   - mayBeUnpaid: whether a booking with a price is confirmed even if nothing was paid.
    package func confirm(
        _ request: TransitionRequest, payment: PaymentID, provider: String, transactionID: String, amount: Int64,
        currency: String?, mayBeUnpaid: Bool = false
    ) async throws(InventoryError) -> TransitionOutcome {
        let charge = Operation.Charge(
            payment: payment, provider: provider, transactionID: transactionID, amount: amount, currency: currency)
        return try await move(request, .confirm(charge, mayBeUnpaid: mayBeUnpaid))
    }

    /// Records that an attempt failed: `.done` (see the image's status), `.invalidState` (no such attempt is running).
    ///
    /// - Parameters:
    ///   - isFinal: whether the booking ends with it.
    ///   - reason: kebab-case.
    ///   - transactionID: the provider's id of the attempt, if it has one.
    package func failPayment(
        _ request: TransitionRequest, payment: PaymentID, isFinal: Bool, reason: String, transactionID: String? = nil
    ) async throws(InventoryError) -> TransitionOutcome {
        try await move(
            request,
            .failPayment(payment, isFinal: isFinal, reason: reason, transactionID: transactionID ?? ""))
    }

    /// Records how much of a charge was refunded: `.done`, `.already`, `.invalidState` (the booking has no such
    /// payment).
    ///
    /// - Parameter amount: minor units, in all.
    package func refunded(
        _ request: TransitionRequest, payment: PaymentID, amount: Int64
    ) async throws(InventoryError) -> TransitionOutcome {
        try await move(request, .refunded(payment, amount: amount))
    }

    /// Cancels a booking: `.done`, `.already`, `.holdExpired`, `.invalidState`, `.cancellationClosed`.
    package func cancel(
        _ request: TransitionRequest, reason: String
    ) async throws(InventoryError) -> TransitionOutcome {
        try await move(request, .cancel(reason: reason))
    }

    /// Ends a booking that PostgreSQL refused: `.done`, `.already` (it had ended by itself).
    package func overrule(_ request: TransitionRequest) async throws(InventoryError) -> TransitionOutcome {
        try await move(request, .overrule)
    }

    /// Cancels a part of one line: `.done`, `.noSuchItems`, `.holdExpired`, `.invalidState`, `.cancellationClosed`.
    ///
    /// - Parameters:
    ///   - quantity: units; `nil` for the whole line, or the seats.
    ///   - seats: seats of the line, each once; empty for a line of general admission or the whole line.
    ///   - reason: for a booking that ends by it; kebab-case.
    package func cancelItems(
        _ request: TransitionRequest, tier: TierID, quantity: Int?, seats: [SeatPosition],
        reason: String = "cancelled-by-user"
    ) async throws(InventoryError) -> TransitionOutcome {
        // Not retried after a lost answer: a second cancellation is indistinguishable from the first.
        try await move(
            request, .cancelItems(tier, quantity: quantity, seats: seats, reason: reason), isRepeatable: false)
    }

    /// Extends a hold: `.done`, `.limit`, `.holdExpired`, `.eventCancelled`, `.invalidState`.
    package func extend(_ request: TransitionRequest) async throws(InventoryError) -> TransitionOutcome {
        // Not retried after a lost answer: a second extension is indistinguishable from the first.
        try await move(request, .extend, isRepeatable: false)
    }

    /// Changes a booking, together with this loop's other operations on its event in the same tick.
    ///
    /// - Parameter isRepeatable: whether it checks its initial state, so that a retry after a lost answer finds the
    ///   result of the first attempt. With a key it is never retried: the first attempt may be running under the key.
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

    /// Reports an operation, which shares its call with others, to the tracer.
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

    /// The event of a booking: cached, or from the booking's record; `nil` if the booking is not in Redis (any more).
    ///
    /// - Throws: `.recovering` while its partition is not open: a recovery may be loading the booking.
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
    /// Parses the answer to an operation on a booking; `nil` if it is not a valid one.
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
