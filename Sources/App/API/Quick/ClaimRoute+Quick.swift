import Accounts
import BoxOffice
import Cryptography
import HTTP
import JSON
import SeatInventory

/// The fast path for nearly all claims: by a customer's token, with the usual body. They are judged and answered
/// without a task; unusual claims, and those that wait for more than Redis, take the path of `claim`.
extension ClaimRoute {
    /// Takes a claim that qualifies for the fast path.
    func take(_ exchange: HTTPExchange) -> Bool {
        let request = exchange.request
        guard !context.pressure.isHigh, context.inFlight.admits(.claim), request.isPlainJSON,
            let caller = context.authenticator.customer(of: exchange), let body = QuickClaim(request.bodyBytes),
            let key = IdempotencyKey.plain(request)
        else { return false }
        if key.isEmpty, context.configuration.requiresIdempotencyKey { return false }
        // A key in the first storage format may have its own record.
        let partition = context.inventory.keys.partition(of: body.event)
        if !key.isEmpty, context.inventory.mayHaveFirstFormKeys(partition, now: context.now) { return false }
        let user = caller.user
        let digest = key.isEmpty ? nil : Digest128(IdempotencyKey.digest(user, body.event.uuid, key))
        let call = QuickClaimCall(self, exchange, user, body, partition, digest)
        context.inFlight.beginClaim()
        call.begin()
        return true
    }

    fileprivate static let soldOut = ProblemTemplate(.soldOut)
}

extension HTTPRequest {
    /// Whether the request declares a JSON body, in one of the forms that nearly all clients use.
    var isPlainJSON: Bool {
        let isJSON =
            header("content-type", is: "application/json")
            || header("content-type", is: "application/json; charset=utf-8")
        return isJSON && !has("content-encoding")
    }
}

/// A claim on the fast path, until it is answered.
private final class QuickClaimCall {
    private let route: ClaimRoute
    private let exchange: HTTPExchange
    private let user: UserID
    private let body: QuickClaim
    /// The event's partition.
    private let partition: Partition
    /// The idempotency key's digest.
    private let digest: Digest128?

    init(
        _ route: ClaimRoute, _ exchange: HTTPExchange, _ user: UserID, _ body: QuickClaim, _ partition: Partition,
        _ digest: Digest128?
    ) {
        self.route = route
        self.exchange = exchange
        self.user = user
        self.body = body
        self.partition = partition
        self.digest = digest
    }

    private var context: APIContext { route.context }

    /// Refuses a claim that is known to be sold out, unless its key was used before; sends all others to Redis.
    func begin() {
        guard body.others.isEmpty,
            let refusal = context.inventory.knownRefusal(
                of: body.first.quantity, tier: body.first.tier, event: body.event, in: partition,
                now: exchange.request.arrival)
        else { return claim() }
        guard let digest else { return refuse(refusal) }
        context.inventory.isNew(digest, of: body.event) { [self] isNew in
            if isNew { refuse(refusal) } else { claim() }
        }
    }

    private func refuse(_ refusal: ClaimOutcome) {
        context.inFlight.endClaim()
        context.inventory.noteRefusal(
            refusal, trace: context.traceparent(exchange.request), since: exchange.request.arrival)
        if case .soldOut = refusal { return exchange.answer(ClaimRoute.soldOut.response()) }
        let problem =
            Problem.refusal(refusal, of: body.items, now: context.now) ?? .inventory(InventoryError(.recovering))
        exchange.answer(problem.response())
    }

    private func claim() {
        let claim = ClaimRequest(
            booking: context.newBooking(in: partition), event: body.event, user: user, items: body.items,
            idempotency: digest.map(idempotency), answersLater: false,
            traceparent: context.traceparent(exchange.request))
        context.inventory.claim(claim) { [self] result in
            context.inFlight.endClaim()
            answer(claim, result)
        }
    }

    private func idempotency(_ digest: Digest128) -> IdempotentRequest {
        IdempotencyKey.bound(digest, action: .claim, secret: context.fingerprintKey) { body.appendCanonical(to: &$0) }
    }

    private func answer(_ claim: ClaimRequest, _ result: Result<ClaimOutcome, InventoryError>) {
        switch result {
        case .success(.held(let image, let availability)) where !image.hasSeats:
            context.recent.note(claim.booking, of: user)
            exchange.answer(Self.held(claim.booking, image, availability))
        case .success(.soldOut):
            exchange.answer(ClaimRoute.soldOut.response())
        case .success(let outcome):
            exchange.laterTraced { [route] request in
                await API.answer {
                    try await route.answer(request, claim, .claim, outcome) { try ClaimBody(request) }
                }
            }
        case .failure(let error):
            exchange.answer(Problem.inventory(error).response())
        }
    }

    private static let location = HTTPResponse.jsonLine + "\r\nLocation: /v1/bookings/".utf8

    private static func held(
        _ booking: BookingID, _ image: Booking, _ availability: [TierAvailability]
    ) -> HTTPResponse {
        var json = JSONWriter(capacity: 1024)
        BookingJSON.write(booking, image, nil, persisted: false, availability: availability, to: &json)
        var response = HTTPResponse(status: 201, body: json.bytes)
        response.lines.reserveCapacity(location.count + 40)
        response.lines.append(contentsOf: location)
        booking.uuid.append(to: &response.lines)
        return response
    }
}
