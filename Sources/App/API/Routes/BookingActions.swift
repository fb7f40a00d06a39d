import Accounts
import BoxOffice
import HTTP
import SeatInventory

/// Actions on one booking under `/v1/bookings/{id}`: pay, extend, cancel.
final class BookingActions {
    let context: APIContext
    private let bookings: BookingReader
    private let payments: PaymentFlow
    private let replays: Replays
    private let transitions: Transitions

    init(_ context: APIContext, _ payments: PaymentFlow, _ replays: Replays, _ transitions: Transitions) {
        self.context = context
        self.payments = payments
        self.replays = replays
        self.transitions = transitions
        bookings = BookingReader(context)
    }

    func add(to router: Router) {
        let path = "/v1/bookings/{id}"
        router.add(.delete, path, .essential) { request in await answer { try await self.cancel(request) } }
        router.add(.post, path + "/cancel", .essential) { request in await answer { try await self.cancel(request) } }
        router.add(.post, path + "/extend", .essential) { request in await answer { try await self.extend(request) } }
        router.add(.post, path + "/payments", .essential, taker: { self.takePayment($0) }) { request in
            await answer { try await self.pay(request) }
        }
        router.add(.post, path + "/items/{tier}/cancel", .essential) { request in
            await answer { try await self.cancelItems(request) }
        }
    }

    private func pay(_ request: HTTPRequest) async throws -> HTTPResponse {
        let user = try context.authenticator.user(request)
        let isService = try context.authenticator.required(request).isService
        let id = try context.booking(request)
        var body = try RequestBody(request)
        let means = PaymentMeansBody.members(&body)
        let alias = body.idempotencyKey()
        try body.finish()
        guard let means else { throw Problem.invalid(body.errors) }
        try await payments.requireMeans(means.means, for: id, of: user)
        let idempotency = try replays.key(request, alias)?.bound(
            user: user, target: id.uuid, action: .pay, body: body, secret: context.fingerprintKey)
        var order = PaymentFlow.Order(
            booking: id, user: user, means: means.means, isOneShot: false,
            preference: Preference(request, usual: context.configuration.persistWait), idempotency: idempotency,
            traceparent: context.traceparent(request), availability: nil)
        let older = FirstFormFingerprint(action: .pay, body: body, secret: context.fingerprintKey)
        if let known = try await replays.firstForm(idempotency, .pay, id.partition, older) { return known }
        guard !context.configuration.redisIsDurable else {
            return try await pay(order, countsDeclines: !isService)
        }
        return try await replays.once(idempotency, .pay, id) { [self] use in
            order.keyUse = use
            try await payments.requireRecords(for: id)
            return try await payments.pay(order, countsDeclines: !isService)
        }
    }

    /// Pays if Redis is durable: its script looks up the key before anything begins.
    ///
    /// - Parameter countsDeclines: whether the user's declined cards are counted.
    func pay(_ order: PaymentFlow.Order, countsDeclines: Bool) async throws -> HTTPResponse {
        var order = order
        return try await replays.remembering(order.idempotency, order.booking) { [self] use in
            order.keyUse = use
            return try await payments.pay(order, countsDeclines: countsDeclines)
        }
    }

    /// Cancels a whole booking: the caller's own, or any booking for an administrator.
    ///
    /// - Parameter isOwners: whether the booking must be the caller's own, even for an administrator.
    func cancel(_ request: HTTPRequest, isOwners: Bool = false) async throws -> HTTPResponse {
        let caller = try isOwners ? owner(request) : canceller(request)
        // The body of a DELETE has no meaning (RFC 9110, section 9.3.5).
        var body = try request.method == .delete ? RequestBody(bytes: []) : RequestBody(request)
        note(request, &body, caller)
        return try await act(request, body, .cancel, by: caller) { [self] transition in
            try await context.inventory.cancel(transition, reason: caller.reason)
        }
    }

    private func extend(_ request: HTTPRequest) async throws -> HTTPResponse {
        let caller = try owner(request)
        return try await act(request, try RequestBody(request), .extend, by: caller) { [self] transition in
            try await context.inventory.extend(transition)
        }
    }

    // MARK: - Callers

    /// The caller of an action on a booking.
    private struct Caller {
        /// The owner of the idempotency key.
        let user: UserID
        /// Whether the caller may act on any booking, at any time.
        let isPrivileged: Bool

        /// The reason stored in a booking that the caller ends.
        var reason: String { isPrivileged ? "admin" : "cancelled-by-user" }
        /// The user that the booking must belong to; nil for any.
        var owner: UserID? { isPrivileged ? nil : user }
    }

    /// Longest reason that an administrator may give.
    private static let reasonLimit = 500

    private func owner(_ request: HTTPRequest) throws(Problem) -> Caller {
        Caller(user: try context.authenticator.user(request), isPrivileged: false)
    }

    /// Who cancels. A service always acts for a user.
    private func canceller(_ request: HTTPRequest) throws(Problem) -> Caller {
        let isAdmin = try context.authenticator.required(request).isAdmin
        return Caller(user: try context.authenticator.user(request), isPrivileged: isAdmin)
    }

    /// An administrator's reason goes to the audit log; other callers give no reasons.
    private func note(_ request: HTTPRequest, _ body: inout RequestBody, _ caller: Caller) {
        guard caller.isPrivileged else { return }
        let reason = body.text("reason", 1...Self.reasonLimit)
        request.audit?.reason = reason
    }

    /// Cancels a part of one item.
    private func cancelItems(_ request: HTTPRequest) async throws -> HTTPResponse {
        let name = request.parameters["tier"] ?? ""
        guard let tier = TierID(name) else { throw Problem.invalid([("", "The path must name a tier.")]) }
        let caller = try canceller(request)
        var body = try RequestBody(request)
        note(request, &body, caller)
        let quantity = body.integer("quantity", 1...1000)
        let ids = body.has("seatIds") ? body.required("seatIds", ClaimBody.seatIDs(&body)) : nil
        if quantity != nil, ids != nil { body.wrong("seatIds", "It must not be sent together with quantity.") }
        return try await act(request, body, .cancelItems, detail: name, by: caller) { [self] transition in
            var seats: [SeatPosition] = []
            if let ids {
                guard let event = try await bookings.read(transition.booking)?.image.event else { return .notFound }
                seats = try ClaimBody.positions(ids, of: event, pointer: "/seatIds")
            }
            return try await context.inventory.cancelItems(
                transition, tier: tier, quantity: quantity.map { Int($0) }, seats: seats,
                reason: caller.reason)
        }
    }

    private func act(
        _ request: HTTPRequest, _ sent: RequestBody, _ action: IdempotentAction, detail: String = "",
        by caller: Caller,
        _ transition: nonisolated(nonsending) (TransitionRequest) async throws -> TransitionOutcome
    ) async throws -> HTTPResponse {
        let id = try context.booking(request)
        var body = sent
        let alias = body.idempotencyKey()
        try body.finish()
        let key = request.method == .post ? try replays.key(request, alias) : nil
        let idempotency = key?.bound(
            user: caller.user, target: id.uuid, action: action, detail: detail, body: body,
            secret: context.fingerprintKey)
        let wanted = TransitionRequest(
            booking: id, user: caller.owner, isPrivileged: caller.isPrivileged, awaitsAck: action.isConfirming,
            idempotency: idempotency,
            traceparent: context.traceparent(request))
        let preference = Preference(request, usual: context.configuration.persistWait)
        let older = FirstFormFingerprint(
            action: action, detail: detail, body: body, secret: context.fingerprintKey)
        if let known = try await replays.firstForm(idempotency, action, id.partition, older) { return known }
        return try await replays.once(idempotency, action, id) { [self] use in
            let outcome = try await transitions.loadingIfNeeded(id, caller.owner) { try await transition(wanted) }
            if case .done = outcome { use.isOwn = true }
            switch outcome {
            case .done(let image, _) where action.isConfirming:
                request.audit?.after = await context.json(id, image, persisted: false)
                return try await transitions.written(id, image, 200, preference)
            case .done(let image, _):
                return .json(200, await context.json(id, image, persisted: false))
            case .already(let image):
                return try await transitions.written(id, image, 200, preference, isOld: true)
            case .replay(let record):
                guard let idempotency else { throw Problem.inProgress }
                return try await replays.replay(record, idempotency, action)
            default:
                throw Problem.refusal(outcome)
            }
        }
    }
}
