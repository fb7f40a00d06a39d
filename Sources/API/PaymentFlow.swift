import Booking
import HTTPServer
import Inventory
import JSON
import Payments
import Records

/// Pays a booking: the attempt is recorded before the provider is asked, and what it answers is recorded before the
/// client is told.
final class PaymentFlow {
    /// What is to be paid, by whom, and how to answer.
    struct Order {
        let booking: BookingID
        let user: String
        let means: PaymentMeans
        let isOneShot: Bool
        let preference: Preference
        let idempotency: IdempotentRequest?
        let traceparent: String
        let availability: [TierAvailability]?
    }

    /// An attempt has to be on record before the provider is asked; the reconciler needs a few milliseconds.
    private static let recordWait = Duration.milliseconds(250)

    private let context: APIContext

    init(_ context: APIContext) { self.context = context }

    func pay(_ order: Order) async throws -> HTTPResponse {
        let payment = PaymentID(context.uuid())
        let outcome = try await whereverItIs(order.booking, order.user) { [self] in
            try await context.inventory.beginPayment(
                request(order, order.idempotency), payment: payment, provider: context.gateway.name)
        }
        switch outcome {
        case .done(let image, _):
            return try await charge(order, payment, image)
        case .already(let image):
            return await written(order.booking, image, 200, order.preference, nil)
        case .holdExpired(let image):
            throw Problem.holdExpired(image)
        case .replay, .keyReused:
            throw Problem.inProgress
        case .keyLimit:
            throw Problem.keyLimit
        case .notFound:
            throw Problem.bookingNotFound
        case .eventCancelled(let image):
            throw Problem.state("event-cancelled", "The event was cancelled.", image)
        case .invalidState(let image), .limit(let image), .noSuchItems(let image), .reclaimed(let image, _),
            .refundDue(let image, _):
            throw Problem.invalidState(image)
        }
    }

    private func charge(_ order: Order, _ payment: PaymentID, _ image: BookingImage) async throws -> HTTPResponse {
        let recorded = await context.acks.wait(order.booking, image.version, for: Self.recordWait)
        guard recorded || context.configuration.redisIsDurable else {
            _ = try await context.inventory.failPayment(
                request(order, nil), payment: payment, isFinal: order.isOneShot, reason: "not-recorded")
            throw Problem(
                503, "inventory-unavailable", "The attempt could not be recorded; nothing was charged.",
                isRetryable: true, headers: [("Retry-After", "1")])
        }
        let answer = await context.gateway.charge(
            key: payment, amount: image.totalAmount, currency: image.currency, means: order.means)
        switch answer {
        case .succeeded(let transaction):
            return try await succeeded(order, payment, transaction, image)
        case .declined(let code):
            return try await declined(order, payment, code)
        case .pending, .unknown:
            return await response(order, image, 202, persisted: recorded)
        }
    }

    private func succeeded(
        _ order: Order, _ payment: PaymentID, _ transaction: String, _ image: BookingImage
    ) async throws -> HTTPResponse {
        let outcome = try await context.inventory.confirm(
            request(order, nil), payment: payment, provider: context.gateway.name, transactionID: transaction,
            amount: image.totalAmount)
        switch outcome {
        case .done(let image, _), .reclaimed(let image, _), .already(let image):
            let status = order.isOneShot ? 201 : 200
            return await written(order.booking, image, status, order.preference, order.availability)
        case .refundDue(let image, _):
            throw Problem.holdExpired(image)
        default:
            throw Problem.inventory(InventoryError(.outcomeUnknown))
        }
    }

    private func declined(_ order: Order, _ payment: PaymentID, _ code: String) async throws -> HTTPResponse {
        let outcome = try await context.inventory.failPayment(
            request(order, nil), payment: payment, isFinal: order.isOneShot, reason: "payment-declined")
        var members: [(name: String, json: [UInt8])] = [("declineCode", Self.text(code))]
        if case .done(let image, _) = outcome {
            members.append(("currentStatus", Self.text(image.status.rawValue)))
            members.append(("expiresAt", Self.text(Timestamp.format(image.expiresAt))))
        }
        throw Problem(402, "payment-declined", "The payment was declined.", members: members)
    }

    private static func text(_ value: String) -> [UInt8] {
        var json = JSONWriter()
        json.string(value)
        return json.bytes
    }

    private func request(_ order: Order, _ idempotency: IdempotentRequest?) -> TransitionRequest {
        TransitionRequest(
            booking: order.booking, user: order.user, awaitsAck: true, idempotency: idempotency,
            traceparent: order.traceparent)
    }

    // MARK: - Answers

    /// The answer to a confirming call: waits until it is written down, as long as the client prefers; 202 when it is
    /// not by then.
    func written(
        _ booking: BookingID, _ image: BookingImage, _ status: Int, _ preference: Preference,
        _ availability: [TierAvailability]?
    ) async -> HTTPResponse {
        let persisted = await context.acks.wait(booking, image.version, for: preference.wait)
        var headers = [(name: "Content-Type", value: "application/json")] + preference.headers
        if status == 201 { headers.append(("Location", "/v1/bookings/\(booking)")) }
        let body = await context.json(booking, image, persisted: persisted, availability: availability)
        return HTTPResponse(status: persisted ? status : 202, headers: headers, body: body)
    }

    private func response(_ order: Order, _ image: BookingImage, _ status: Int, persisted: Bool) async -> HTTPResponse {
        let body = await context.json(order.booking, image, persisted: persisted, availability: order.availability)
        var headers = [(name: "Content-Type", value: "application/json")] + order.preference.headers
        headers.append(("Location", "/v1/bookings/\(order.booking)"))
        return HTTPResponse(status: status, headers: headers, body: body)
    }

    /// Acts on a booking; one that left Redis is put back from PostgreSQL first.
    func whereverItIs(
        _ booking: BookingID, _ user: String,
        _ act: nonisolated(nonsending) () async throws -> TransitionOutcome
    ) async throws -> TransitionOutcome {
        let outcome = try await act()
        guard case .notFound = outcome else { return outcome }
        let readAt = try await context.inventory.now()
        guard let row = try await context.store.booking(booking), row.image.user == user else { return .notFound }
        // A live hold is always in Redis: that it is not means that Redis moved on from it.
        guard !row.image.status.isHeld else { throw InventoryError(.recovering) }
        guard try await context.inventory.loadBooking(booking, row.image, readAt: readAt) else {
            throw InventoryError(.unavailable)
        }
        return try await act()
    }
}
