import Accounts
import BoxOffice
import HTTP
import Loops
import Metrics
import Payments
import PlantedBugs
import Records
import SeatInventory
import Settlement

/// Pays a booking. The attempt is recorded before the provider is called, and the provider's answer is recorded before
/// the client gets it.
final class PaymentFlow {
    /// A payment request: the booking, the payer, and how to answer.
    struct Order {
        let booking: BookingID
        let user: UserID
        /// `nil` only for a booking that costs nothing.
        let means: PaymentMeans?
        let isOneShot: Bool
        let preference: Preference
        let idempotency: IdempotentRequest?
        let traceparent: String
        let availability: [TierAvailability]?
        /// Counts declined cards; `nil` if nothing was charged yet, or declines are not counted.
        var attempt: DeclineLimit.Attempt?
        /// Set when the payment's beginning has recorded the key.
        var keyUse: KeyUse?
    }

    /// Longest wait until an attempt is recorded, before the provider is called; the reconciler needs a few
    /// milliseconds.
    private static let recordWait = Duration.milliseconds(250)

    /// A charge is sent no later than this after its attempt began, nanoseconds: once settlement trusts a provider that
    /// does not know an attempt (`SettlementTimes.oldSeconds`), no charge can be on its way.
    private static let sendLimit: Int64 = 30_000_000_000
    /// How many times this process tries to record a charge that must be refunded, once a second.
    private static let recordTries = 120

    private let context: APIContext
    private let replays: Replays
    private let transitions: Transitions
    private let attempts: PaymentStore
    let declines: DeclineLimit
    private var succeededCharges: Counter?

    init(_ context: APIContext, _ replays: Replays, _ transitions: Transitions, _ declines: DeclineLimit) {
        self.context = context
        self.replays = replays
        self.transitions = transitions
        attempts = PaymentStore(pool: context.pool)
        self.declines = declines
    }

    /// Refuses a payment before it begins if its attempt could not be recorded: the failed attempt would count against
    /// the hold.
    func requireRecords(for booking: BookingID) async throws {
        guard !context.configuration.redisIsDurable else { return }
        _ = try await context.store.versions(of: [booking])
    }

    /// Refuses to pay a booking with a price if the client sent no means of payment; before the payment begins, since
    /// an attempt would count.
    func requireMeans(_ means: PaymentMeans?, for booking: BookingID, of user: UserID) async throws {
        guard means == nil else { return }
        guard let image = try await context.locator.image(booking), image.user == user else {
            throw Problem.bookingNotFound
        }
        guard image.totalAmount == 0 else { throw PaymentMeansBody.missing("", for: image) }
    }

    /// Pays a hold.
    ///
    /// - Parameter countsDeclines: whether the user's declined cards are counted; not for services, which charge many
    ///   people's cards.
    func pay(_ order: Order, countsDeclines: Bool) async throws -> HTTPResponse {
        guard countsDeclines, order.means != nil, let attempt = try await attempt(order) else {
            return try await pay(order)
        }
        defer { declines.end(attempt) }
        var order = order
        order.attempt = attempt
        return try await pay(order)
    }

    /// - Returns: `nil` if nothing will be charged: a payment that is already made, or already answered under this key,
    ///   is returned regardless of declines since.
    private func attempt(_ order: Order) async throws -> DeclineLimit.Attempt? {
        do {
            return try await declines.begin(order.user)
        } catch {
            if let idempotency = order.idempotency,
                try await replays.record(idempotency, order.booking.partition) != nil
            {
                return nil
            }
            if try await context.locator.image(order.booking)?.status == .confirmed { return nil }
            throw error
        }
    }

    func pay(_ order: Order) async throws -> HTTPResponse {
        let payment = PaymentID(context.uuid())
        let began = monotonicNanoseconds()
        let outcome = try await transitions.loadingIfNeeded(order.booking, order.user) { [self] in
            try await context.inventory.beginPayment(
                request(order, order.idempotency), payment: payment, provider: context.gateway.name)
        }
        switch outcome {
        case .done(let image, _):
            order.keyUse?.isOwn = true
            return try await charge(order, payment, image, began: began)
        case .already(let image):
            return try await transitions.written(order.booking, image, 200, order.preference, isOld: true)
        case .replay(let record):
            guard let idempotency = order.idempotency else { throw Problem.inProgress }
            return try await replays.replay(record, idempotency, .pay)
        default:
            throw Problem.refusal(outcome)
        }
    }

    private func charge(
        _ order: Order, _ payment: PaymentID, _ image: Booking, began: Int64
    ) async throws -> HTTPResponse {
        let isWritten = await context.acks.isWritten(order.booking, image.made, within: Self.recordWait)
        let recorded = isWritten ? true : await record(order, payment, image)
        guard !context.acks.isOverruled(order.booking) else { throw Problem.oversold }
        let isTimely = monotonicNanoseconds() - began < Self.sendLimit
        guard isTimely, recorded || context.configuration.redisIsDurable else {
            _ = try await context.inventory.failPayment(
                request(order, nil), payment: payment, isFinal: order.isOneShot, reason: "not-recorded")
            throw Problem(
                .inventoryUnavailable, "The attempt to pay could not be recorded, so nothing was charged.",
                headers: [("Retry-After", "1")])
        }
        let answer = await ask(order, payment, image)
        note(answer)
        switch answer {
        case .succeeded(let transaction):
            return try await succeeded(order, payment, transaction, image)
        case .declined(let code):
            if let attempt = order.attempt { await declines.declined(attempt) }
            throw try await declined(order, payment, code)
        case .pending, .unknown:
            return await pending(order, image, persisted: isWritten)
        }
    }

    private func note(_ answer: ChargeAnswer) {
        guard case .succeeded = answer else { return ServeMetrics.shared.charges[answer.label].add() }
        // Looked up once, since most answers are this one.
        let counter = succeededCharges ?? ServeMetrics.shared.charges[answer.label]
        succeededCharges = counter
        counter.add()
    }

    /// Records the attempt in PostgreSQL directly if PostgreSQL answers but the outbox entry has not arrived: this
    /// process may still talk to a Redis that was replaced.
    private func record(_ order: Order, _ payment: PaymentID, _ image: Booking) async -> Bool {
        guard context.acks.canRead else { return false }
        do {
            try await attempts.begin(
                payment, booking: order.booking, provider: context.gateway.name, amount: image.totalAmount,
                currency: image.currency, trace: order.traceparent)
            return true
        } catch {
            return false
        }
    }

    /// Charges the provider. A booking that costs nothing needs no provider, whatever means the client sent.
    private func ask(_ order: Order, _ payment: PaymentID, _ image: Booking) async -> ChargeAnswer {
        guard image.totalAmount > 0 else { return .succeeded(transactionID: "free_\(payment)") }
        guard let means = order.means else { return .declined(code: "no_means") }
        let answer = await context.gateway.charge(
            key: payment, booking: order.booking, amount: image.totalAmount, currency: image.currency,
            means: means, trace: order.traceparent)
        guard PlantedBug.current == .newKey, answer == .unknown else { return answer }
        return await context.gateway.charge(
            key: PaymentID(context.uuid()), booking: order.booking, amount: image.totalAmount,
            currency: image.currency, means: means, trace: order.traceparent)
    }

    private func pending(_ order: Order, _ image: Booking, persisted: Bool) async -> HTTPResponse {
        var headers = [(name: "Content-Type", value: "application/json")]
        if order.isOneShot { headers.append(("Location", "/v1/bookings/\(order.booking)")) }
        let body = await context.json(order.booking, image, persisted: persisted, availability: order.availability)
        return HTTPResponse(status: 202, headers: headers, body: body)
    }

    private func succeeded(
        _ order: Order, _ payment: PaymentID, _ transaction: String, _ image: Booking
    ) async throws -> HTTPResponse {
        let outcome = try await recording { [self] () async throws(InventoryError) in
            try await context.inventory.confirm(
                request(order, nil), payment: payment, provider: context.gateway.name, transactionID: transaction,
                amount: image.totalAmount, currency: image.currency)
        }
        let status = order.isOneShot ? 201 : 200
        switch outcome {
        case .done(let image, _), .reclaimed(let image, _):
            return try await transitions.written(order.booking, image, status, order.preference, order.availability)
        case .already(let image) where image.status == .confirmed:
            return try await transitions.written(order.booking, image, status, order.preference, order.availability)
        case .secondCharge(let image), .mismatch(let image):
            recordRefundDue(
                ReportedCharge(
                    provider: context.gateway.name, transactionID: transaction, booking: order.booking,
                    payment: payment, amount: image.totalAmount, currency: image.currency, isSuccess: true,
                    trace: order.traceparent), image)
            guard image.status == .confirmed else { throw Self.problem(image) }
            return try await transitions.written(order.booking, image, status, order.preference, order.availability)
        case .refundDue(let image, _), .already(let image):
            throw Self.problem(image)
        default:
            throw InventoryError(.outcomeUnknown, "confirm")
        }
    }

    /// The problem for a client whose payment will be refunded.
    private static func problem(_ image: Booking) -> Problem {
        image.status == .cancelled ? .invalidState(image) : .holdExpired(image)
    }

    /// Another charge paid the booking meanwhile: records this one for a refund, without delaying the client.
    private func recordRefundDue(_ charge: ReportedCharge, _ image: Booking) {
        context.loop.spawn { [context] in
            for _ in 0..<Self.recordTries {
                if (try? await context.recorder.recordRefundDue(charge, image)) != nil { return }
                await context.loop.sleep(for: .seconds(1))
            }
        }
    }

    private func declined(_ order: Order, _ payment: PaymentID, _ code: String) async throws -> Problem {
        let outcome = try await recording { [self] () async throws(InventoryError) in
            try await context.inventory.failPayment(
                request(order, nil), payment: payment, isFinal: order.isOneShot, reason: "payment-declined")
        }
        return switch outcome {
        case .done(let image, _), .invalidState(let image): .declined(code, image)
        default: .declined(code, nil)
        }
    }

    /// Once the provider was called, no refusal of Redis means that nothing was done.
    private func recording(
        _ record: nonisolated(nonsending) () async throws(InventoryError) -> TransitionOutcome
    ) async throws(InventoryError) -> TransitionOutcome {
        do throws(InventoryError) {
            return try await record()
        } catch {
            throw InventoryError(.outcomeUnknown, error.detail)
        }
    }

    private func request(_ order: Order, _ idempotency: IdempotentRequest?) -> TransitionRequest {
        TransitionRequest(
            booking: order.booking, user: order.user, awaitsAck: true, idempotency: idempotency,
            traceparent: order.traceparent)
    }
}

extension ChargeAnswer {
    /// The metric's label.
    fileprivate var label: String {
        switch self {
        case .succeeded: "succeeded"
        case .declined: "declined"
        case .pending: "pending"
        case .unknown: "unknown"
        }
    }
}
