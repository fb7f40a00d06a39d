import Booking
import HTTPServer
import Inventory

/// What is done to one booking under `/v1/bookings/{id}`: pay, extend, cancel.
final class BookingActions {
    private let context: APIContext
    private let payments: PaymentFlow
    private let replays: Replays

    init(_ context: APIContext, _ payments: PaymentFlow, _ replays: Replays) {
        self.context = context
        self.payments = payments
        self.replays = replays
    }

    func add(to router: Router) {
        let path = "/v1/bookings/{id}"
        router.add(.delete, path) { request in await answer { try await self.cancel(request) } }
        router.add(.post, path + "/cancel") { request in await answer { try await self.cancel(request) } }
        router.add(.post, path + "/extend") { request in await answer { try await self.extend(request) } }
        router.add(.post, path + "/payments") { request in await answer { try await self.pay(request) } }
        router.add(.post, path + "/items/{tier}/cancel") { request in
            await answer { try await self.cancelItems(request) }
        }
    }

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
        try await act(request, try RequestBody(request), "cancel", isConfirming: true) { [self] transition in
            try await context.inventory.cancel(transition, reason: "cancelled-by-user")
        }
    }

    private func extend(_ request: HTTPRequest) async throws -> HTTPResponse {
        try await act(request, try RequestBody(request), "extend", isConfirming: false) { [self] transition in
            try await context.inventory.extend(transition)
        }
    }

    /// Gives a part of one line back.
    private func cancelItems(_ request: HTTPRequest) async throws -> HTTPResponse {
        guard let tier = TierID(request.parameters["tier"] ?? "") else {
            throw Problem.invalid([("", "The path must name a tier.")])
        }
        var body = try RequestBody(request)
        let quantity = body.integer("quantity", 1...1000)
        let ids = body.has("seatIds") ? body.required("seatIds", ClaimBody.seatIDs(&body)) : nil
        if quantity != nil, ids != nil { body.wrong("seatIds", "It must not be there together with quantity.") }
        return try await act(request, body, "cancel-items:\(tier)", isConfirming: true) { [self] transition in
            var seats: [SeatPosition] = []
            if let ids {
                guard let event = try await context.find(transition.booking)?.image.event else { return .notFound }
                seats = try ClaimBody.positions(ids, of: event, pointer: "/seatIds")
            }
            return try await context.inventory.cancelItems(
                transition, tier: tier, quantity: quantity.map { Int($0) }, seats: seats)
        }
    }

    /// - Parameter isConfirming: whether the client waits until it is written down.
    private func act(
        _ request: HTTPRequest, _ sent: RequestBody, _ action: String, isConfirming: Bool,
        _ transition: nonisolated(nonsending) (TransitionRequest) async throws -> TransitionOutcome
    ) async throws -> HTTPResponse {
        let user = try context.authenticator.user(request)
        let id = try context.booking(request)
        var body = sent
        let alias = body.text("idempotencyKey", 1...1000)
        try body.finish()
        let key = request.method == .post ? try replays.key(request, alias) : nil
        let idempotency = key?.bound(
            user: user, target: id.description, action: action, body: body, secret: context.configuration.secret)
        let wanted = TransitionRequest(
            booking: id, user: user, awaitsAck: isConfirming, idempotency: idempotency,
            traceparent: context.traceparent(request))
        let preference = Preference(request, usual: context.configuration.persistWait)
        return try await replays.once(idempotency, id) { [self] in
            switch try await payments.whereverItIs(id, user, { try await transition(wanted) }) {
            case .done(let image, _):
                guard isConfirming else { return .json(200, await context.json(id, image, persisted: false)) }
                return await payments.written(id, image, 200, preference, nil)
            case .already(let image):
                return await payments.written(id, image, 200, preference, nil)
            case .replay(let record):
                return try await replays.answer(record, idempotency, created: false)
            case .keyReused:
                throw Problem.keyReused
            case .keyLimit:
                throw Problem.keyLimit
            case .holdExpired(let image):
                throw Problem.holdExpired(image)
            case .limit(let image):
                throw Problem.state("extend-limit", "The hold cannot be extended any further.", image)
            case .eventCancelled(let image):
                throw Problem.state("event-cancelled", "The event was cancelled.", image)
            case .noSuchItems:
                throw Problem.invalid([("", "The booking has no such line, or not so much of it.")])
            case .invalidState(let image), .reclaimed(let image, _), .refundDue(let image, _):
                throw Problem.invalidState(image)
            case .notFound:
                throw Problem.bookingNotFound
            }
        }
    }
}
