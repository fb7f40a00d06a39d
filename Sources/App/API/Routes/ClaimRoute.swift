import Accounts
import BoxOffice
import Cryptography
import HTTP
import Records
import SeatInventory

/// `POST /v1/bookings`: holds units, and pays for them at once if the request has a means of payment.
final class ClaimRoute {
    let context: APIContext
    private let payments: PaymentFlow
    private let replays: Replays

    init(_ context: APIContext, _ payments: PaymentFlow, _ replays: Replays) {
        self.context = context
        self.payments = payments
        self.replays = replays
    }

    func claim(_ request: HTTPRequest) async throws -> HTTPResponse {
        let user = try context.authenticator.user(request)
        var body = try RequestBody(request)
        let wanted = try ClaimBody(&body)
        let event = try await context.event(wanted.event)
        let action = wanted.means == nil ? IdempotentAction.claim : .book
        let items = try wanted.items(of: event)
        let key = try replays.key(request, wanted.idempotencyKey)?.bound(
            user: user, target: event.uuid, action: action, body: body, secret: context.fingerprintKey)
        let claim = ClaimRequest(
            booking: context.newBooking(of: event), event: event, user: user, items: items,
            idempotency: key,
            answersLater: wanted.means != nil, traceparent: context.traceparent(request))
        let older = FirstFormFingerprint(action: action, body: body, secret: context.fingerprintKey)
        if let known = try await replays.firstForm(key, action, claim.booking.partition, older) { return known }
        if context.pressure.isHigh { return try await refusedUnlessKnown(claim, action, Pressure.refusal) }
        if wanted.means != nil { try await payments.requireRecords(for: claim.booking) }
        var attempt: DeclineLimit.Attempt?
        defer { if let attempt { payments.declines.end(attempt) } }
        // The limit is per user, and a service charges many people's cards.
        if wanted.means?.means != nil, try !context.authenticator.required(request).isService {
            do {
                attempt = try await payments.declines.begin(user)
            } catch {
                return try await refusedUnlessKnown(claim, action, error)
            }
        }
        let outcome = try await context.inFlight.claiming { try await context.inventory.claim(claim) }
        return try await answer(request, claim, action, outcome, wanted.means, attempt) { wanted }
    }

    /// The answer to a claim's outcome; an event that never reached Redis is loaded first, and the claim retried.
    ///
    /// - Parameter wanted: parses the request's body.
    func answer(
        _ request: HTTPRequest, _ claim: ClaimRequest, _ action: IdempotentAction, _ first: ClaimOutcome,
        _ means: PaymentMeansBody? = nil, _ attempt: DeclineLimit.Attempt? = nil, wanted: () throws -> ClaimBody
    ) async throws -> HTTPResponse {
        var outcome = first
        if case .noEvent = first {
            try await context.bring(claim.event)
            outcome = try await context.inventory.claim(claim)
        }
        switch outcome {
        case .held(let image, let availability):
            return try await held(request, claim, image, availability, means, attempt)
        case .existing(let image):
            return try await held(request, claim, image, nil, means, attempt)
        case .replay(let record):
            guard let idempotency = claim.idempotency else { throw Problem.inProgress }
            return try await replays.replay(record, idempotency, action)
        case .gone(let booking):
            guard let idempotency = claim.idempotency else { throw Problem.inProgress }
            return try await replays.gone(booking, idempotency, action)
        case .unknownTiers(let tiers):
            throw try wanted().unknown(tiers)
        case .mistaken(let tiers):
            throw try wanted().mistaken(tiers)
        case .unknownSeats(let seats):
            throw Problem.unknownSeats(seats, claim.event, "/items")
        case .seatsTaken(let seats):
            throw Problem.seatsUnavailable(seats, claim.event)
        case let refused:
            throw Problem.refusal(refused, of: claim.items, now: context.now) ?? .inventory(InventoryError(.recovering))
        }
    }

    /// Answers from an earlier booking of the same key, even while new claims are refused.
    private func refusedUnlessKnown(
        _ claim: ClaimRequest, _ action: IdempotentAction, _ refusal: any Error
    ) async throws -> HTTPResponse {
        guard let idempotency = claim.idempotency,
            let response = try await replays.claimed(claim, idempotency, action)
        else { throw refusal }
        return response
    }

    /// Releases a hold that the sent means cannot pay for; the price was not known before the claim.
    private func release(_ claim: ClaimRequest) async throws {
        let transition = TransitionRequest(
            booking: claim.booking, user: claim.user, awaitsAck: false, idempotency: nil,
            traceparent: claim.traceparent)
        _ = try await context.inventory.cancel(transition, reason: "payment-required")
    }

    private func held(
        _ request: HTTPRequest, _ claim: ClaimRequest, _ image: Booking, _ availability: [TierAvailability]?,
        _ means: PaymentMeansBody?, _ attempt: DeclineLimit.Attempt?
    ) async throws -> HTTPResponse {
        context.recent.note(claim.booking, of: claim.user)
        guard let means else {
            let body = await context.json(claim.booking, image, persisted: false, availability: availability)
            return HTTPResponse(
                status: 201,
                headers: [
                    ("Content-Type", "application/json"), ("Location", "/v1/bookings/\(claim.booking)"),
                ], body: body)
        }
        return try await replays.remembering(claim.idempotency, claim.booking, madeOf: claim.event) { [self] _ in
            if means.means == nil, image.totalAmount > 0 {
                try await release(claim)
                throw PaymentMeansBody.missing("/payment", for: image)
            }
            return try await payments.pay(
                PaymentFlow.Order(
                    booking: claim.booking, user: claim.user, means: means.means, isOneShot: true,
                    preference: Preference(request, usual: context.configuration.persistWait),
                    idempotency: nil, traceparent: claim.traceparent, availability: availability, attempt: attempt))
        }
    }
}
