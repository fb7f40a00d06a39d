import Accounts
import BoxOffice
import Cryptography
import HTTP
import JSON
import Records
import SeatInventory

/// `/api`: events and bookings for clients of older services, which book one ticket at once and take payment elsewhere.
///
/// Such a booking is confirmed by a payment of 0 from the provider `none`, so that it is held, confirmed, persisted,
/// cancelled and counted like any other. A ticket that has a price is booked in this way only by services, which take
/// the money themselves, or if the operator allows it (`APIConfiguration.allowsUnpaidTickets`).
final class DropInRoutes {
    private let context: APIContext
    private let events: EventRoutes
    private let actions: BookingActions
    private let transitions: Transitions
    private let lists: BookingLists

    /// The provider of payments that no provider was asked for.
    private static let provider = "none"

    init(
        _ context: APIContext, _ events: EventRoutes, _ actions: BookingActions, _ transitions: Transitions,
        _ lists: BookingLists
    ) {
        self.context = context
        self.lists = lists
        self.events = events
        self.actions = actions
        self.transitions = transitions
    }

    func add(to router: Router) {
        let reservePolicy = RoutePolicy(
            context.configuration.allowsAnonymousReserve ? .anyone : .services, admission: .claim, errors: .dropIn)
        router.add(.get, "/api/events", .catalogue.dropIn) { request in
            await answerDropIn { try await self.events.list(request) }
        }
        router.add(.get, "/api/events/{id}", .catalogue.dropIn) { request in
            await answerDropIn { try await self.events.read(request) }
        }
        router.add(.post, "/api/bookings", .claim.dropIn) { request in
            await answerDropIn { try await self.book(request) }
        }
        router.add(.get, "/api/bookings", .authenticated.dropIn) { request in
            await answerDropIn { try await self.list(request) }
        }
        router.add(.delete, "/api/bookings/{id}", .essential.dropIn) { request in
            await answerDropIn { try await self.cancel(request) }
        }
        router.add(.post, "/api/bookings/reserve", reservePolicy) { request in
            await answerDropIn { try await self.reserve(request) }
        }
    }

    // MARK: - Booking one ticket

    /// The result of booking one ticket.
    private enum Outcome {
        case booked(BookingID, Booking)
        /// The user has reached the limit.
        case alreadyBooked
        case noTickets
    }

    private func book(_ request: HTTPRequest) async throws -> HTTPResponse {
        let user = try context.authenticator.user(request)
        var body = try RequestBody(request)
        let reference = body.required("eventId", ClaimBody.eventReference(&body))
        try body.finish()
        let event = try await event(reference ?? "")
        switch try await outcome(event, user, mayBeUnpaid: context.configuration.allowsUnpaidTickets, request) {
        case .booked(let id, let image):
            let preference = Preference(request, usual: context.configuration.persistWait)
            var response = try await transitions.written(id, image, 201, preference)
            response.status = 201
            return response
        case .alreadyBooked: throw Self.conflict("User already booked for this event")
        case .noTickets: throw Self.conflict("No tickets available")
        }
    }

    private func reserve(_ request: HTTPRequest) async throws -> HTTPResponse {
        if !context.configuration.allowsAnonymousReserve {
            guard try context.authenticator.required(request).isService else {
                throw Problem(.forbidden, "Only a service may do this: send its key in X-API-Key.")
            }
        }
        var body = try RequestBody(request)
        let reference = body.required("event_id", ClaimBody.eventReference(&body, "event_id"))
        let user = body.required("user_id", body.user("user_id"))
        try body.finish()
        guard let reference, let user else { throw Problem.invalid(body.errors) }
        // The audit log cannot find the user by itself: it is in the body, and the answer has no `Location`.
        request.audit?.reason = "on behalf of \(user.text)"
        let event = try await event(reference)
        // A caller that may reserve without a key is not trusted to take the money itself.
        let isService = try context.authenticator.principal(of: request)?.isService == true
        let mayBeUnpaid = isService || context.configuration.allowsUnpaidTickets
        switch try await outcome(event, user, mayBeUnpaid: mayBeUnpaid, request) {
        case .booked(let id, let image):
            request.audit?.subject = AuditEntry.Subject("booking", id.description)
            _ = await context.acks.isWritten(id, image.made, within: context.configuration.persistWait)
            guard !context.acks.isOverruled(id) else { throw Problem.oversold }
            return .json(201, Self.json(id, image, event))
        case .alreadyBooked: throw Self.conflict("User \(user) already booked for event \(reference)")
        case .noTickets: throw Self.conflict("No available seats for event \(reference)")
        }
    }

    private static func conflict(_ detail: String) -> Problem { Problem(.conflict, detail) }

    private func event(_ reference: String) async throws -> EventRecord {
        let id = try await context.event(reference)
        guard let event = try await context.catalogue.event(id), event.status != "draft" else {
            throw Problem.eventNotFound
        }
        return event
    }

    /// Books a ticket of the cheapest tier that has one.
    ///
    /// - Parameter mayBeUnpaid: whether a ticket that has a price may be booked without a payment.
    /// - Throws: 402 if the ticket has a price and must be paid; nothing is held then.
    private func outcome(
        _ event: EventRecord, _ user: UserID, mayBeUnpaid: Bool, _ request: HTTPRequest
    ) async throws -> Outcome {
        if context.pressure.isHigh { throw Pressure.refusal }
        for tier in event.tiers.sorted(by: { $0.unitAmount < $1.unitAmount }) {
            if tier.unitAmount > 0, !mayBeUnpaid {
                guard try await isAvailable(tier.id, of: event) else { continue }
                throw Problem(.paymentRequired, "Payment required")
            }
            let claim = ClaimRequest(
                booking: context.newBooking(of: event.id), event: event.id, user: user,
                items: [tier.kind == "seated" ? .best(tier.id, 1) : .units(tier.id, 1)],
                idempotency: nil, answersLater: false, traceparent: context.traceparent(request))
            switch try await context.inFlight.claiming({ try await context.inventory.claim(claim) }) {
            case .held, .existing:
                context.recent.note(claim.booking, of: user)
                return .booked(claim.booking, try await confirmed(claim, mayBeUnpaid: mayBeUnpaid))
            case .bookingLimit, .ticketLimit: return .alreadyBooked
            case .soldOut, .notEnoughLeft, .heldByOthers, .noAdjacent: continue
            case .closed: throw Self.conflict("Sales are closed")
            case let refused:
                throw Problem.refusal(refused, of: claim.items, now: context.now)
                    ?? .inventory(InventoryError(.recovering))
            }
        }
        return .noTickets
    }

    private func isAvailable(_ tier: TierID, of event: EventRecord) async throws -> Bool {
        guard event.status != "cancelled" else { throw Problem.eventCancelled }
        guard let live = await context.live(event.id) else { throw InventoryError(.recovering) }
        return live.tiers.contains { $0.tier == tier && $0.available > 0 }
    }

    private func confirmed(_ claim: ClaimRequest, mayBeUnpaid: Bool) async throws -> Booking {
        let payment = PaymentID(context.uuid())
        let transition = TransitionRequest(
            booking: claim.booking, user: claim.user, awaitsAck: true, idempotency: nil,
            traceparent: claim.traceparent)
        let outcome = try await context.inventory.confirm(
            transition, payment: payment, provider: Self.provider, transactionID: payment.description, amount: 0,
            currency: nil, mayBeUnpaid: mayBeUnpaid)
        switch outcome {
        case .done(let image, _), .reclaimed(let image, _), .already(let image): return image
        case .mismatch:
            // The price was raised from zero after it was read.
            _ = try await context.inventory.cancel(transition, reason: "payment-required")
            throw Problem(.paymentRequired, "Payment required")
        default: throw Problem.refusal(outcome)
        }
    }

    private func cancel(_ request: HTTPRequest) async throws -> HTTPResponse {
        do {
            return try await actions.cancel(request, isOwners: true)
        } catch var problem as Problem where problem.kind == .cancellationClosed {
            problem.detail = "Cancellation is no longer possible"
            throw problem
        }
    }

    /// `{id, event_id, user_id, created_at}`.
    private static func json(_ id: BookingID, _ image: Booking, _ event: EventRecord) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.member("id", id.description)
        json.member("event_id", event.number)
        json.member("user_id", image.user.text)
        json.member("created_at", Timestamp.format(image.createdAt))
        json.endObject()
        return json.bytes
    }

    // MARK: - The caller's bookings

    /// Most bookings in one answer; older services have no paging.
    private static let listLimit = 1000

    private func list(_ request: HTTPRequest) async throws -> HTTPResponse {
        let user = try context.authenticator.user(request)
        return await lists.array(await lists.page(BookingFilter(user: user), limit: Self.listLimit))
    }
}

/// Problems that clients of older services recognize by their text only; they have no page.
extension ProblemKind {
    fileprivate static let conflict = ProblemKind("conflict", 409, "Conflict", "")
    fileprivate static let paymentRequired = ProblemKind("payment-required", 402, "Payment required", "")
}
