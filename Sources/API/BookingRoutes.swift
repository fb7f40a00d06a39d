import Booking
import Cryptography
import HTTPServer
import Inventory
import JSON
import Records

/// `/v1/bookings`: claim, read, pay, cancel, extend.
final class BookingRoutes {
    private let context: APIContext
    private let bookings: BookingReader
    private let claims: ClaimRoute
    private let payments: PaymentFlow
    private let replays: Replays
    private let transitions: Transitions

    init(_ context: APIContext) {
        self.context = context
        bookings = BookingReader(context)
        replays = Replays(context)
        transitions = Transitions(context)
        payments = PaymentFlow(context, replays, transitions)
        claims = ClaimRoute(context, payments, replays)
    }

    func add(to router: Router) {
        router.add(.post, "/v1/bookings") { request in await answer { try await self.claims.claim(request) } }
        router.add(.get, "/v1/bookings") { request in await answer { try await self.list(request) } }
        router.add(.get, "/v1/bookings/{id}") { request in await answer { try await self.read(request) } }
        router.add(.delete, "/v1/bookings/{id}") { request in await answer { try await self.cancel(request) } }
        router.add(.post, "/v1/bookings/{id}/cancel") { request in await answer { try await self.cancel(request) } }
        router.add(.post, "/v1/bookings/{id}/extend") { request in await answer { try await self.extend(request) } }
        router.add(.post, "/v1/bookings/{id}/payments") { request in await answer { try await self.pay(request) } }
    }

    // MARK: - Reading

    private func read(_ request: HTTPRequest) async throws -> HTTPResponse {
        let principal = try context.authenticator.required(request)
        let user = principal.isAdmin ? nil : try context.authenticator.user(request)
        let id = try context.booking(request)
        guard let found = try await bookings.read(id), user == nil || found.image.user == user else {
            throw Problem.bookingNotFound
        }
        return .json(200, BookingJSON.bytes(id, found.image, persisted: found.persisted))
    }

    private func list(_ request: HTTPRequest) async throws -> HTTPResponse {
        let user = try context.authenticator.user(request)
        var query = try QueryFields(request)
        let status = query.text("status")
        let event = query.text("eventId")
        let cursor = query.text("cursor")
        let limit = query.integer("limit", 1...100) ?? 20
        if let status, BookingStatus(rawValue: status) == nil { query.wrong("status", "There is no such status.") }
        let before = cursor.flatMap { BookingID($0, partitions: context.inventory.keys.partitions) }
        if let event, !APIContext.isEventReference(event) {
            query.wrong("eventId", "It must be the id or the number of an event.")
        }
        if cursor != nil, before == nil { query.wrong("cursor", "It must be a nextCursor.") }
        try query.finish()
        var eventID: EventID?
        if let event { eventID = try await context.event(event) }
        let rows = try await context.store.list(
            user: user, status: status.flatMap { BookingStatus(rawValue: $0) }, event: eventID, before: before,
            limit: Int(limit) + 1)
        var json = JSONWriter(capacity: 4096)
        json.beginObject()
        json.key("data")
        json.beginArray()
        for row in rows.prefix(Int(limit)) { BookingJSON.write(row.id, row.image, persisted: true, to: &json) }
        json.endArray()
        json.member("nextCursor", rows.count > Int(limit) ? rows[Int(limit) - 1].id.description : nil)
        json.endObject()
        return .json(200, json.bytes)
    }

    // MARK: - Acting on one booking

    private func pay(_ request: HTTPRequest) async throws -> HTTPResponse {
        let user = try context.authenticator.user(request)
        let id = try context.booking(request)
        var body = try RequestBody(request)
        let means = PaymentMeansBody.members(&body)
        let alias = body.idempotencyKey()
        try body.finish()
        guard let means else { throw Problem.invalid(body.errors) }
        let idempotency = try replays.key(request, alias)?.bound(
            user: user, target: id.description, action: .pay, body: body, secret: context.configuration.secret)
        return try await replays.once(idempotency, .pay, id) { [self] in
            try await payments.requireRecords(for: id)
            return try await payments.pay(
                PaymentFlow.Order(
                    booking: id, user: user, means: means.means, isOneShot: false,
                    preference: Preference(request, usual: context.configuration.persistWait),
                    idempotency: idempotency, traceparent: context.traceparent(request), availability: nil))
        }
    }

    private func cancel(_ request: HTTPRequest) async throws -> HTTPResponse {
        try await act(request, .cancel) { [self] transition in
            try await context.inventory.cancel(transition, reason: "cancelled-by-user")
        }
    }

    private func extend(_ request: HTTPRequest) async throws -> HTTPResponse {
        try await act(request, .extend) { [self] transition in
            try await context.inventory.extend(transition)
        }
    }

    private func act(
        _ request: HTTPRequest, _ action: IdempotentAction,
        _ transition: nonisolated(nonsending) (TransitionRequest) async throws -> TransitionOutcome
    ) async throws -> HTTPResponse {
        let user = try context.authenticator.user(request)
        let id = try context.booking(request)
        var body = try RequestBody(request)
        let alias = body.idempotencyKey()
        try body.finish()
        let isCancel = action == .cancel
        let key = request.method == .post ? try replays.key(request, alias) : nil
        let idempotency = key?.bound(
            user: user, target: id.description, action: action, body: body, secret: context.configuration.secret)
        let wanted = TransitionRequest(
            booking: id, user: user, awaitsAck: isCancel, idempotency: idempotency,
            traceparent: context.traceparent(request))
        let preference = Preference(request, usual: context.configuration.persistWait)
        return try await replays.once(idempotency, action, id) { [self] in
            let outcome = try await transitions.whereverItIs(id, user) { try await transition(wanted) }
            switch outcome {
            case .done(let image, _) where isCancel:
                return await transitions.written(id, image, 200, preference)
            case .done(let image, _):
                return .json(200, BookingJSON.bytes(id, image, persisted: false))
            case .already(let image):
                return await transitions.written(id, image, 200, preference, isOld: true)
            case .replay(let record):
                guard let idempotency else { throw Problem.inProgress }
                return try await replays.replay(record, idempotency, action)
            default:
                throw Problem.refusal(outcome)
            }
        }
    }
}
