import BoxOffice
import HTTP
import Loops
import PostgresClient
import Records
import SeatInventory
import Text

/// Answers requests whose idempotency key was used before, and stores answers.
final class Replays {
    private let context: APIContext
    private let bookings: BookingReader

    /// A longer body is not stored; it is rebuilt from the booking.
    private static let bodyLimit = 2048
    /// How long a second request waits for the first, nanoseconds.
    private static let patience: Int64 = 2_000_000_000

    init(_ context: APIContext) {
        self.context = context
        bookings = BookingReader(context)
    }

    /// The request's key.
    ///
    /// - Throws: 400 if the key is malformed, or missing where it is required.
    func key(_ request: HTTPRequest, _ alias: String?) throws(Problem) -> IdempotencyKey? {
        let key = try IdempotencyKey(request, alias: alias)
        if key == nil, context.configuration.requiresIdempotencyKey {
            throw Problem(.idempotencyKeyMissing, "This server requires an Idempotency-Key header for this call.")
        }
        return key
    }

    /// Runs a request, unless its key was used before, and stores the answer; `remembering` is enough if a script
    /// checks the key before anything else is done.
    func once(
        _ request: IdempotentRequest?, _ action: IdempotentAction, _ booking: BookingID,
        _ body: nonisolated(nonsending) (KeyUse) async throws -> HTTPResponse
    ) async throws -> HTTPResponse {
        if let request, let record = try await record(request, booking.partition) {
            return try await replay(record, request, action)
        }
        return try await remembering(request, booking, body)
    }

    /// The stored record of a request.
    ///
    /// - Throws: 422 if the key belongs to another request.
    func record(_ request: IdempotentRequest, _ partition: Partition) async throws -> IdempotencyRecord? {
        guard let bytes = try await context.inventory.idempotencyRecord(partition, digest: request.digest) else {
            return nil
        }
        guard StoredAnswer(bytes[...])?.fingerprint == request.fingerprint else { throw Problem.keyReused }
        return IdempotencyRecord(bytes[...])
    }

    /// The answer to a request whose key was used in the first storage format in Redis; `nil` if it was not.
    ///
    /// - Parameter older: the request's fingerprint in that format.
    /// - Throws: 422 if the key belongs to another request.
    func firstForm(
        _ request: IdempotentRequest?, _ action: IdempotentAction, _ partition: Partition,
        _ older: @autoclosure () -> FirstFormFingerprint
    ) async throws -> HTTPResponse? {
        guard let request, try await context.inventory.hasFirstFormKeys(partition, now: context.now),
            let bytes = try await context.inventory.idempotencyRecord(partition, digest: request.digest)
        else { return nil }
        let fingerprint = StoredAnswer(bytes[...])?.fingerprint
        var known = request
        if fingerprint != request.fingerprint {
            // The answer is stored under the record's fingerprint.
            known = IdempotentRequest(
                digest: request.digest, fingerprint: older().digest,
                patienceMilliseconds: request.patienceMilliseconds)
            guard fingerprint == known.fingerprint else { throw Problem.keyReused }
        }
        guard let record = IdempotencyRecord(bytes[...]) else { return nil }
        return try await replay(record, known, action)
    }

    // MARK: - Keys of claims

    /// The answer to a claim whose key made a booking that is not, or no longer, in Redis: PostgreSQL has the booking.
    ///
    /// - Throws: 422 if the key belongs to another request; 503 while PostgreSQL does not answer.
    func gone(
        _ booking: BookingID, _ request: IdempotentRequest, _ action: IdempotentAction
    ) async throws -> HTTPResponse {
        // The answer to a claim that was paid at once is stored under its key.
        if let record = try await record(request, booking.partition) {
            return try await replay(record, request, action)
        }
        guard let row = try await context.store.booking(booking) else { throw Problem.bookingNotFound }
        let record = BookingRecord(image: row.image, epoch: 0, claimed: row.claimed)
        return try await replay(booking, record, request, action)
    }

    /// The answer to a claim whose key was used before; `nil` if it was not. For claims that are not sent to Redis
    /// again.
    func claimed(
        _ claim: ClaimRequest, _ request: IdempotentRequest, _ action: IdempotentAction
    ) async throws -> HTTPResponse? {
        guard let booking = try await context.inventory.bookingMade(byKeyOf: claim) else { return nil }
        if let record = try await record(request, booking.partition) {
            return try await replay(record, request, action)
        }
        guard let record = try await context.inventory.record(booking) else {
            return try await gone(booking, request, action)
        }
        return try await replay(booking, record, request, action)
    }

    private func replay(
        _ booking: BookingID, _ record: BookingRecord, _ request: IdempotentRequest, _ action: IdempotentAction
    ) async throws -> HTTPResponse {
        let key = ClaimKey(digest: request.digest, fingerprint: request.fingerprint)
        guard record.image.key == key else { throw Problem.keyReused }
        return try await replay(IdempotencyRecord(booking, record), request, action)
    }

    // MARK: - Remembering

    /// Runs a request and stores its answer. Forgets the key if this request recorded it and a retry may get another
    /// answer.
    ///
    /// - Parameters:
    ///   - event: the booking's event, if the request's key made the booking.
    ///   - body: sets `isOwn` if it recorded the key.
    func remembering(
        _ request: IdempotentRequest?, _ booking: BookingID, madeOf event: EventID? = nil,
        _ body: nonisolated(nonsending) (KeyUse) async throws -> HTTPResponse
    ) async throws -> HTTPResponse {
        let use = KeyUse()
        use.isOwn = event != nil
        guard let request else { return try await body(use) }
        do {
            let response = try await body(use)
            let isReplay = response.headers.contains { $0.name == "Idempotent-Replayed" }
            if !isReplay { remember(response, request, booking) }
            return response
        } catch let problem as Problem where Self.isFinal(problem) {
            let response = problem.response()
            remember(response, request, booking)
            return response
        } catch  where use.isOwn && Self.leavesNothing(error) {
            if let event {
                try? await context.inventory.forget(request, of: booking, event: event)
            } else {
                try? await context.inventory.forget(request, partition: booking.partition)
            }
            throw error
        }
    }

    /// Stores the answer without delaying the client: it goes to Redis in the tick in which the answer goes to the
    /// client. A retry that arrives sooner finds a running record and waits for it, or is refused for the same lasting
    /// reason.
    private func remember(_ response: HTTPResponse, _ request: IdempotentRequest, _ booking: BookingID) {
        let body = response.body.count <= Self.bodyLimit ? response.body : []
        context.inventory.complete(request, booking: booking, status: response.status, body: body) { _ in }
    }

    /// 402, and the 409s that are permanent.
    private static func isFinal(_ problem: Problem) -> Bool {
        problem.status == 402 || ["hold-expired", "event-cancelled", "invalid-state"].contains(problem.code)
    }

    /// Whether the failed request certainly had no effect. If that is not known, the key is kept.
    private static func leavesNothing(_ error: any Error) -> Bool {
        switch error {
        case let problem as Problem:
            !["outcome-unknown", "idempotency-in-progress", "idempotency-key-reused"].contains(problem.code)
        case let error as InventoryError:
            error.code == .unavailable || error.code == .recovering || error.code == .overloaded
        default:
            error is PostgresError
        }
    }

    // MARK: - Replaying

    /// The answer that a record stands for; waits for a running request.
    func replay(
        _ record: IdempotencyRecord, _ request: IdempotentRequest, _ action: IdempotentAction
    ) async throws -> HTTPResponse {
        var record = record
        let patience = monotonicNanoseconds() + Self.patience
        while case .running(let booking, let deadline) = record {
            let now = try await context.inventory.now()
            if now > deadline, let response = try await finished(booking, request, action, now: now) { return response }
            guard monotonicNanoseconds() < patience else { throw Problem.inProgress }
            await context.loop.sleep(for: .milliseconds(20))
            guard let next = try await self.record(request, booking.partition) else { throw Problem.inProgress }
            record = next
        }
        switch record {
        case .claim(let booking, let availability, let image):
            let body = await context.json(booking, image, persisted: false, availability: availability)
            return replayed(201, body, booking, action)
        case .done(let booking, let status, let body):
            if !body.isEmpty { return replayed(status, Array(body.utf8), booking, action) }
            guard let (image, persisted) = try await bookings.read(booking) else { throw Problem.bookingNotFound }
            return replayed(status, await context.json(booking, image, persisted: persisted), booking, action)
        case .running:
            throw Problem.inProgress
        }
    }

    /// Completes a request whose process died: the answer follows from the booking's state, and is stored.
    ///
    /// - Returns: `nil` while the answer to its payment may still arrive.
    private func finished(
        _ booking: BookingID, _ request: IdempotentRequest, _ action: IdempotentAction, now: Int64
    ) async throws -> HTTPResponse? {
        guard let (image, persisted) = try await bookings.read(booking) else { throw Problem.bookingNotFound }
        if image.status == .pendingPayment, let deadline = image.paymentDeadline, now <= deadline { return nil }
        let response: HTTPResponse
        if let problem = Self.problem(image, action) {
            response = replayed(problem.status, problem.response().body, booking, action)
        } else {
            let isUnwritten = !persisted && image.status != .reserved
            let status = image.status == .pendingPayment || isUnwritten ? 202 : action.creates ? 201 : 200
            response = replayed(
                status, await context.json(booking, image, persisted: persisted), booking, action)
        }
        // A claim's key is stored in its booking, from which its answer can always be derived.
        if action != .claim { remember(response, request, booking) }
        return response
    }

    /// The problem of a failed action; `nil` if it succeeded. Actions that do not pay were recorded by the script that
    /// performed them, so they succeeded.
    private static func problem(_ image: Booking, _ action: IdempotentAction) -> Problem? {
        guard action.pays else { return nil }
        switch (image.payment?.status, image.status) {
        case (.failed, _): return .declined(nil, image)
        case (nil, .expired): return .holdExpired(image)
        case (nil, .cancelled), (nil, .failed): return .invalidState(image)
        default: return nil
        }
    }

    private func replayed(
        _ status: Int, _ body: [UInt8], _ booking: BookingID, _ action: IdempotentAction
    ) -> HTTPResponse {
        let isGood = status < 300
        var headers = [
            (name: "Content-Type", value: isGood ? "application/json" : "application/problem+json"),
            (name: "Idempotent-Replayed", value: "true"),
        ]
        if isGood, action.creates { headers.append(("Location", "/v1/bookings/\(booking)")) }
        return HTTPResponse(status: status, headers: headers, body: body)
    }
}
