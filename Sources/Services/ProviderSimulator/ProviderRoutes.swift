import BoxOffice
import HTTP
import JSON
import Loops
import Text

/// The provider's HTTP routes. Used on one loop.
final class ProviderRoutes {
    private let loop: EventLoop
    private let ledger: Ledger
    private let sender: CallbackSender?
    private var misbehaviours: Misbehaviours
    private let lateTime: Duration
    private let clock: () -> Int64

    /// Longer than any client's timeout.
    private static let never = Duration.seconds(60)

    init(
        loop: EventLoop, ledger: Ledger, sender: CallbackSender?, misbehaviours: Misbehaviours, lateTime: Duration,
        clock: @escaping () -> Int64
    ) {
        self.loop = loop
        self.ledger = ledger
        self.sender = sender
        self.misbehaviours = misbehaviours
        self.lateTime = lateTime
        self.clock = clock
    }

    func router() -> Router {
        let router = Router()
        router.add(.post, "/charges") { [self] in await charge($0) }
        router.add(.get, "/charges/{key}") { [self] in await lookUp($0) }
        router.add(.post, "/refunds") { [self] in await refund($0) }
        router.add(.get, "/ledger") { [self] _ in dump() }
        router.add(.put, "/misbehaviours") { [self] in misbehave($0) }
        return router
    }

    // MARK: - Charges

    private func charge(_ request: HTTPRequest) async -> HTTPResponse {
        guard let order = ChargeOrder(request.body) else { return Self.malformed }
        let misbehaviour = misbehaviours.next(.charge) ?? (order.means == .breaks ? .errorAfter : nil)
        return await misbehaving(misbehaviour) { [self] in book(order, misbehaviour) }
    }

    /// Makes a charge, or returns the existing charge of the key.
    private func book(_ order: ChargeOrder, _ misbehaviour: Misbehaviour?) -> HTTPResponse {
        if let charge = ledger.charges[order.key] {
            guard charge.booking == order.booking, charge.asked == order.amount,
                charge.currency.isSame(as: order.currency)
            else { return Problem(.keyReused, "This key belongs to another charge.").response() }
            return answer(charge)
        }
        let charge = Charge(
            key: order.key, booking: order.booking, asked: order.amount,
            amount: order.amount + (misbehaviour == .overcharge ? 1 : 0), currency: order.currency,
            outcome: outcome(order.means, misbehaviour))
        do throws(LedgerError) { try ledger.book(.charge(charge)) } catch { return Self.broken }
        sender?.announce(charge, misbehaving: misbehaviour)
        return answer(charge)
    }

    private func outcome(_ means: TestMeans, _ misbehaviour: Misbehaviour?) -> Charge.Outcome {
        switch means {
        case .declines(let code): .declined(code: code)
        case .succeeds where misbehaviour != .later, .breaks: .succeeded
        case .succeeds, .later: .later(clock() + lateTime.milliseconds)
        }
    }

    private func answer(_ charge: Charge) -> HTTPResponse {
        var json = JSONWriter()
        charge.write(to: &json, now: clock())
        return .json(charge.status(now: clock()) == "pending" ? 202 : 200, json.bytes)
    }

    private func lookUp(_ request: HTTPRequest) async -> HTTPResponse {
        await misbehaving(misbehaviours.next(.lookup)) { [self] in
            guard let charge = request.parameters["key"].flatMap({ PaymentID($0) }).flatMap({ ledger.charges[$0] })
            else { return Problem(.chargeNotFound, "There is no charge with this key.").response() }
            return answer(charge)
        }
    }

    // MARK: - Refunds

    private func refund(_ request: HTTPRequest) async -> HTTPResponse {
        guard let order = RefundOrder(request.body) else { return Self.malformed }
        let misbehaviour = misbehaviours.next(.refund)
        return await misbehaving(misbehaviour) { [self] in
            misbehaviour == .refuseRefund ? refused(order, "try-later") : book(order)
        }
    }

    /// Raises the refunded total to `to`, so that a retry refunds nothing.
    private func book(_ order: RefundOrder) -> HTTPResponse {
        guard let charge = ledger.charges[order.key], charge.transactionID.isSame(as: order.transactionID) else {
            return refused(order, "charge-not-found")
        }
        guard charge.status(now: clock()) == "succeeded" else { return refused(order, "charge-not-succeeded") }
        guard charge.currency.isSame(as: order.currency) else { return refused(order, "other-currency") }
        guard order.to <= charge.amount else { return refused(order, "more-than-charged") }
        if order.to > charge.refunded {
            do throws(LedgerError) { try ledger.book(.refund(order.key, to: order.to)) } catch { return Self.broken }
        }
        return refundAnswer(order, "refunded", nil, max(order.to, charge.refunded))
    }

    private func refused(_ order: RefundOrder, _ code: String) -> HTTPResponse {
        refundAnswer(order, "refused", code, ledger.charges[order.key]?.refunded ?? 0)
    }

    private func refundAnswer(_ order: RefundOrder, _ status: String, _ code: String?, _ sum: Int64) -> HTTPResponse {
        var json = JSONWriter()
        json.beginObject()
        json.member("key", order.key.description)
        json.member("transactionId", order.transactionID)
        json.member("status", status)
        if let code { json.member("code", code) }
        json.member("refunded", sum)
        json.endObject()
        return .json(200, json.bytes)
    }

    // MARK: - Inspection and control

    private func dump() -> HTTPResponse {
        var json = JSONWriter(capacity: ledger.order.count * 300)
        let now = clock()
        json.beginObject()
        json.key("charges")
        json.beginArray()
        for key in ledger.order { ledger.charges[key]?.write(to: &json, now: now) }
        json.endArray()
        json.endObject()
        return .json(200, json.bytes)
    }

    private func misbehave(_ request: HTTPRequest) -> HTTPResponse {
        guard let members = Members(request.body, of: ["misbehave", "seed"]), let text = members.text("misbehave"),
            let next = Misbehaviours(text, seed: UInt64(bitPattern: members.integer("seed") ?? 0))
        else { return Self.malformed }
        misbehaviours = next
        return HTTPResponse(status: 204)
    }

    // MARK: - Misbehaving

    /// Runs `body` with a fault applied.
    private func misbehaving(
        _ misbehaviour: Misbehaviour?, _ body: nonisolated(nonsending) () async -> HTTPResponse
    ) async -> HTTPResponse {
        switch misbehaviour {
        case .error: return Self.broken
        case .reset: return cut()
        case .delay: await loop.sleep(for: lateTime)
        default: break
        }
        let response = await body()
        switch misbehaviour {
        case .errorAfter: return Self.broken
        case .resetAfter: return cut()
        case .slow: await loop.sleep(for: lateTime)
        case .timeout:
            await loop.sleep(for: Self.never)
            return cut()
        default: break
        }
        return response
    }

    /// Closes the connection without a response, by a stream that overflows before it begins.
    private func cut() -> HTTPResponse {
        let stream = HTTPResponseStream(loop: loop, backlogBytes: 0)
        stream.write([0])
        return HTTPResponse(status: 200, stream: stream)
    }

    private static var malformed: HTTPResponse {
        Problem(.invalidRequest, "The body is not valid for this request.").response()
    }

    private static var broken: HTTPResponse { Problem(.internalError, "Something went wrong.").response() }
}

extension ProblemKind {
    fileprivate static let keyReused = ProblemKind(
        "key-reused", 409, "The key belongs to another charge", "Use a new key for a new charge.")
    fileprivate static let chargeNotFound = ProblemKind(
        "charge-not-found", 404, "There is no such charge", "No charge was made under this key.")
}
