import Accounts
import Booking
import Cryptography
import HTTPServer
import Inventory
import JSON
import Records

/// `/api`: events and bookings for clients of older services, which book one ticket at once and pay elsewhere.
///
/// Such a booking is confirmed by a payment of nothing from the provider `none`, so that it is held, confirmed, persisted,
/// cancelled and counted as every other. A ticket that costs something is given away like this only to services, who
/// take the money themselves, or where the operator has said so (`APIConfiguration.givesTicketsAway`).
final class DropInRoutes {
    private let context: APIContext
    private let events: EventRoutes
    private let actions: BookingActions
    private let transitions: Transitions
    private let lists: BookingLists

    /// The provider of payments that were never asked for.
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
            context.configuration.opensReserve ? .anyone : .services, admission: .claim, errors: .dropIn)
        router.add(.get, "/api/events", .catalogue.dropIn) { request in
            await answerAsBefore { try await self.events.list(request) }
        }
        router.add(.get, "/api/events/{id}", .catalogue.dropIn) { request in
            await answerAsBefore { try await self.events.read(request) }
        }
        router.add(.post, "/api/bookings", .claim.dropIn) { request in
            await answerAsBefore { try await self.book(request) }
        }
        router.add(.get, "/api/bookings", .authenticated.dropIn) { request in
            await answerAsBefore { try await self.list(request) }
        }
        router.add(.delete, "/api/bookings/{id}", .essential.dropIn) { request in
            await answerAsBefore { try await self.cancel(request) }
        }
        router.add(.post, "/api/bookings/reserve", reservePolicy) { request in
            await answerAsBefore { try await self.reserve(request) }
        }
    }

    // MARK: - Booking one ticket

    /// What became of booking one ticket.
    private enum Outcome {
        case booked(BookingID, BookingImage)
        /// The user has as many as may be.
        case alreadyBooked
        case noTickets
    }

    private func book(_ request: HTTPRequest) async throws -> HTTPResponse {
        let user = try context.authenticator.user(request)
        var body = try RequestBody(request)
        let reference = body.required("eventId", ClaimBody.eventReference(&body))
        try body.finish()
        let event = try await event(reference ?? "")
        switch try await outcome(event, user, mayBeUnpaid: context.configuration.givesTicketsAway, request) {
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
        if !context.configuration.opensReserve {
            guard try context.authenticator.required(request).isService else {
                throw Problem(.forbidden, "Only a service may do this: send its key in X-API-Key.")
            }
        }
        var body = try RequestBody(request)
        let reference = body.required("event_id", ClaimBody.eventReference(&body, "event_id"))
        let user = body.required("user_id", body.user("user_id"))
        try body.finish()
        guard let reference, let user else { throw Problem.invalid(body.errors) }
        // The audit log cannot tell: the user is in the body, and the answer has no `Location`.
        request.audit?.reason = "on behalf of \(user.text)"
        let event = try await event(reference)
        // Whoever may reserve without a key has no claim to be trusted with the money.
        let isService = try context.authenticator.principal(of: request)?.isService == true
        let mayBeUnpaid = isService || context.configuration.givesTicketsAway
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
    /// - Parameter mayBeUnpaid: whether a ticket that costs something may be had without a payment.
    /// - Throws: 402 when that ticket costs something and must be paid; nothing is held.
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

    private func confirmed(_ claim: ClaimRequest, mayBeUnpaid: Bool) async throws -> BookingImage {
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
            // It has come to cost something since its price was read.
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
    private static func json(_ id: BookingID, _ image: BookingImage, _ event: EventRecord) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.member("id", id.description)
        json.member("event_id", event.number)
        json.member("user_id", image.user.text)
        json.member("created_at", Timestamp.format(image.createdAt))
        json.endObject()
        return json.bytes
    }

    // MARK: - The caller's own

    /// Bookings in one answer; older services knew no pages.
    private static let listLimit = 1000

    private func list(_ request: HTTPRequest) async throws -> HTTPResponse {
        let user = try context.authenticator.user(request)
        return await lists.array(await lists.page(BookingFilter(user: user), limit: Self.listLimit))
    }
}

/// What clients of older services know by its sentence alone; it has no page.
extension ProblemKind {
    fileprivate static let conflict = ProblemKind("conflict", 409, "Conflict", "")
    fileprivate static let paymentRequired = ProblemKind("payment-required", 402, "Payment required", "")
}
