import Accounts
import Booking
import Cryptography
import HTTPServer
import Inventory
import JSON
import Records

/// `/v1/bookings`: claim, read, cancel, extend.
final class BookingRoutes {
    private let context: APIContext
    private let payments: PaymentFlow
    private let replays: Replays

    init(_ context: APIContext) {
        self.context = context
        replays = Replays(context)
        payments = PaymentFlow(context)
    }

    func add(to router: Router) {
        router.add(.post, "/v1/bookings") { request in await answer { try await self.claim(request) } }
        router.add(.get, "/v1/bookings") { request in await answer { try await self.list(request) } }
        router.add(.get, "/v1/bookings/{id}") { request in await answer { try await self.read(request) } }
        router.add(.delete, "/v1/bookings/{id}") { request in await answer { try await self.cancel(request) } }
        router.add(.post, "/v1/bookings/{id}/cancel") { request in await answer { try await self.cancel(request) } }
        router.add(.post, "/v1/bookings/{id}/extend") { request in await answer { try await self.extend(request) } }
        router.add(.post, "/v1/bookings/{id}/payments") { request in await answer { try await self.pay(request) } }
    }

    // MARK: - Claiming

    private struct Wanted {
        let event: EventID
        let items: [ClaimItem]
        let means: PaymentMeansBody?
        let idempotency: IdempotentRequest?
    }

    private func claim(_ request: HTTPRequest) async throws -> HTTPResponse {
        let user = try context.authenticator.user(request)
        let wanted = try await wanted(request, user)
        let claim = ClaimRequest(
            booking: BookingID(
                partition: context.inventory.keys.partition(of: wanted.event), milliseconds: context.now,
                random: context.random.next()),
            event: wanted.event, user: user, items: wanted.items, idempotency: wanted.idempotency,
            answersLater: wanted.means != nil, traceparent: context.traceparent(request))
        switch try await context.inventory.claim(claim) {
        case .held(let image, let availability):
            return try await held(request, claim, image, availability, wanted.means)
        case .existing(let image):
            return try await held(request, claim, image, nil, wanted.means)
        case .replay(let record):
            return try await replays.answer(record, claim.idempotency, created: true)
        case .unknownTiers(let tiers):
            throw Problem.invalid(tiers.map { ("/items", "The event has no tier \($0).") })
        case .noEvent:
            throw try await notInRedis(wanted.event)
        case let refused:
            throw Problem.refusal(refused, now: context.now) ?? Problem(500, "internal", "Something went wrong here.")
        }
    }

    private func held(
        _ request: HTTPRequest, _ claim: ClaimRequest, _ image: BookingImage, _ availability: [TierAvailability]?,
        _ means: PaymentMeansBody?
    ) async throws -> HTTPResponse {
        guard let means else {
            let body = BookingJSON.bytes(claim.booking, image, persisted: false, availability: availability)
            return HTTPResponse(
                status: 201,
                headers: [
                    ("Content-Type", "application/json"), ("Location", "/v1/bookings/\(claim.booking)"),
                ], body: body)
        }
        let response = try await payments.pay(
            PaymentFlow.Order(
                booking: claim.booking, user: claim.user, means: means.means, isOneShot: true,
                preference: Preference(request, usual: context.configuration.persistWait),
                idempotency: nil, traceparent: claim.traceparent, availability: availability))
        await replays.remember(response, claim.idempotency, claim.booking)
        return response
    }

    /// An event that Redis does not know: PostgreSQL says whether there is one.
    private func notInRedis(_ event: EventID) async throws -> Problem {
        guard let record = try await context.catalogue.event(event), record.status != "draft" else {
            return .eventNotFound
        }
        return .inventory(InventoryError(.recovering))
    }

    private func wanted(_ request: HTTPRequest, _ user: String) async throws -> Wanted {
        var body = try RequestBody(request)
        let eventText = body.required("eventId", eventReference(&body))
        let items = body.required("items", items(&body))
        let means = PaymentMeansBody.read(&body, "payment")
        let alias = body.text("idempotencyKey", 1...1000)
        try body.finish()
        guard let eventText, let items else { throw Problem.invalid(body.errors) }
        let event = try await context.event(eventText)
        let key = try replays.key(request, alias)
        return Wanted(
            event: event, items: items, means: means,
            idempotency: key?.bound(
                user: user, target: event.description, action: "claim", body: body,
                secret: context.configuration.secret))
    }

    /// An event's id, or its number as a text or a number.
    private func eventReference(_ body: inout RequestBody) -> String? {
        switch body.value("eventId") {
        case .integer(let number)? where number > 0: return String(number)
        case .string(let text)? where EventID(text) != nil || Int64(text) != nil: return text
        case nil: return nil
        default:
            body.wrong("eventId", "It must be the id or the number of an event.")
            return nil
        }
    }

    private func items(_ body: inout RequestBody) -> [ClaimItem]? {
        guard let objects = body.objects("items", 1...20) else { return nil }
        var items: [ClaimItem] = []
        for var object in objects {
            let tier = object.required("tierId", object.text("tierId", 36...36))
            let quantity = object.required("quantity", object.integer("quantity", 1...1000))
            if let tier, TierID(tier) == nil { object.wrong("tierId", "It must be the id of a tier.") }
            object.rejectUnknown()
            body.adopt(object)
            if let tier = tier.flatMap({ TierID($0) }), let quantity {
                items.append(ClaimItem(tier: tier, quantity: Int(quantity)))
            }
        }
        return items
    }

    // MARK: - Reading

    private func read(_ request: HTTPRequest) async throws -> HTTPResponse {
        let principal = try context.authenticator.required(request)
        let user = principal.isAdmin ? nil : try context.authenticator.user(request)
        let id = try context.booking(request)
        var found: (image: BookingImage, persisted: Bool)?
        do throws(InventoryError) {
            found = try await context.inventory.booking(id)
        } catch {
            // While a partition recovers, or Redis is away, PostgreSQL tells.
        }
        if found == nil { found = try await context.store.booking(id).map { ($0.image, true) } }
        guard let found, user == nil || found.image.user == user else { throw Problem.bookingNotFound }
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
        let alias = body.text("idempotencyKey", 1...1000)
        try body.finish()
        guard let means else { throw Problem.invalid(body.errors) }
        let idempotency = try replays.key(request, alias)?.bound(
            user: user, target: id.description, action: "pay", body: body, secret: context.configuration.secret)
        return try await replays.once(idempotency, id) { [self] in
            try await payments.pay(
                PaymentFlow.Order(
                    booking: id, user: user, means: means.means, isOneShot: false,
                    preference: Preference(request, usual: context.configuration.persistWait),
                    idempotency: idempotency, traceparent: context.traceparent(request), availability: nil))
        }
    }

    private func cancel(_ request: HTTPRequest) async throws -> HTTPResponse {
        try await act(request, "cancel") { [self] transition in
            try await context.inventory.cancel(transition, reason: "cancelled-by-user")
        }
    }

    private func extend(_ request: HTTPRequest) async throws -> HTTPResponse {
        try await act(request, "extend") { [self] transition in
            try await context.inventory.extend(transition)
        }
    }

    private func act(
        _ request: HTTPRequest, _ action: String,
        _ transition: nonisolated(nonsending) (TransitionRequest) async throws -> TransitionOutcome
    ) async throws -> HTTPResponse {
        let user = try context.authenticator.user(request)
        let id = try context.booking(request)
        var body = try RequestBody(request)
        let alias = body.text("idempotencyKey", 1...1000)
        try body.finish()
        let isCancel = action == "cancel"
        let key = request.method == .post ? try replays.key(request, alias) : nil
        let idempotency = key?.bound(
            user: user, target: id.description, action: action, body: body, secret: context.configuration.secret)
        let wanted = TransitionRequest(
            booking: id, user: user, awaitsAck: isCancel, idempotency: idempotency,
            traceparent: context.traceparent(request))
        let preference = Preference(request, usual: context.configuration.persistWait)
        return try await replays.once(idempotency, id) { [self] in
            switch try await payments.whereverItIs(id, user, { try await transition(wanted) }) {
            case .done(let image, _):
                guard isCancel else { return .json(200, BookingJSON.bytes(id, image, persisted: false)) }
                return await payments.written(id, image, 200, preference, nil)
            case .already(let image):
                return await payments.written(id, image, 200, preference, nil)
            case .replay(let record):
                return try await replays.answer(record, idempotency, created: false)
            case .keyReused:
                throw Problem.keyReused
            case .holdExpired(let image):
                throw Problem.holdExpired(image)
            case .limit(let image):
                throw Problem.state("extend-limit", "The hold cannot be extended any further.", image)
            case .invalidState(let image), .reclaimed(let image, _), .refundDue(let image, _):
                throw Problem.invalidState(image)
            case .notFound:
                throw Problem.bookingNotFound
            }
        }
    }
}
