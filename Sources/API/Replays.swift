import Booking
import EventLoop
import HTTPServer
import Inventory
import PostgresClient
import Records
import Text

/// Answers requests whose idempotency key was seen before, and remembers answers.
final class Replays {
    private let context: APIContext
    private let bookings: BookingReader

    /// A longer body is not kept; it is rebuilt from the booking.
    private static let bodyLimit = 2048
    /// How long a second request waits for the first, nanoseconds.
    private static let patience: Int64 = 2_000_000_000

    init(_ context: APIContext) {
        self.context = context
        bookings = BookingReader(context)
    }

    /// The request's key.
    ///
    /// - Throws: 400 when it is malformed, or missing where it is required.
    func key(_ request: HTTPRequest, _ alias: String?) throws(Problem) -> IdempotencyKey? {
        let key = try IdempotencyKey(request, alias: alias)
        if key == nil, context.configuration.requiresIdempotencyKey {
            throw Problem(.idempotencyKeyMissing, "This server requires an Idempotency-Key header for this call.")
        }
        return key
    }

    /// Runs a request, unless its key was used before, and remembers what came of it; `remembering` is enough where a
    /// script looks at the key before anything else is done.
    func once(
        _ request: IdempotentRequest?, _ action: IdempotentAction, _ booking: BookingID,
        _ body: nonisolated(nonsending) (KeyUse) async throws -> HTTPResponse
    ) async throws -> HTTPResponse {
        if let request, let record = try await record(request, booking.partition) {
            return try await replay(record, request, action)
        }
        return try await remembering(request, booking, body)
    }

    /// What is remembered of a request.
    ///
    /// - Throws: 422 when its key belongs to another request.
    func record(_ request: IdempotentRequest, _ partition: Partition) async throws -> IdempotencyRecord? {
        guard let bytes = try await context.inventory.idempotencyRecord(partition, digest: request.digest) else {
            return nil
        }
        guard StoredAnswer(bytes[...])?.fingerprint == request.fingerprint else { throw Problem.keyReused }
        return IdempotencyRecord(bytes[...])
    }

    /// The answer to a request whose key was used in the first form of what Redis held; `nil` when it was not.
    ///
    /// - Parameter older: what the request's fingerprint was then.
    /// - Throws: 422 when its key belongs to another request.
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
            // What comes of it is remembered under the fingerprint that the record has.
            known = IdempotentRequest(
                digest: request.digest, fingerprint: older().digest,
                patienceMilliseconds: request.patienceMilliseconds)
            guard fingerprint == known.fingerprint else { throw Problem.keyReused }
        }
        guard let record = IdempotencyRecord(bytes[...]) else { return nil }
        return try await replay(record, known, action)
    }

    // MARK: - Keys of claims

    /// The answer to a claim whose key made a booking that is not in Redis (any more): PostgreSQL has what it was.
    ///
    /// - Throws: 422 when the key belongs to another request; 503 while PostgreSQL does not answer.
    func gone(
        _ booking: BookingID, _ request: IdempotentRequest, _ action: IdempotentAction
    ) async throws -> HTTPResponse {
        // What a claim was answered that was paid for at once is kept under its key.
        if let record = try await record(request, booking.partition) {
            return try await replay(record, request, action)
        }
        guard let row = try await context.store.booking(booking) else { throw Problem.bookingNotFound }
        let record = BookingRecord(image: row.image, epoch: 0, claimed: row.claimed)
        return try await replay(booking, record, request, action)
    }

    /// The answer to a claim whose key was used before; `nil` when it was not. For claims that are not asked of Redis
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

    /// Runs a request and remembers its answer, or forgets the key when this request recorded it and the answer may be
    /// another one next time.
    ///
    /// - Parameters:
    ///   - event: of the booking, when the request's key made it.
    ///   - body: notes that it recorded the key.
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

    /// Leaves for Redis in the tick in which the answer leaves for the client, who is not kept for it: whoever asks again
    /// sooner finds the record running and waits for it, or is refused for the same lasting reason.
    private func remember(_ response: HTTPResponse, _ request: IdempotentRequest, _ booking: BookingID) {
        let body = response.body.count <= Self.bodyLimit ? response.body : []
        context.inventory.complete(request, booking: booking, status: response.status, body: body) { _ in }
    }

    /// 402, and the 409s that stay true.
    private static func isFinal(_ problem: Problem) -> Bool {
        problem.status == 402 || ["hold-expired", "event-cancelled", "invalid-state"].contains(problem.code)
    }

    /// Whether the request is as if it had never been made. A key is kept while that is not known.
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

    /// The answer that a record stands for; a running one is waited for.
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

    /// Whoever ran the request died: the booking's state tells what came of it, and that is its answer from now on.
    ///
    /// - Returns: `nil` while its payment may still be answered.
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
        // A claim's key is in its booking, which goes on telling what came of it.
        if action != .claim { remember(response, request, booking) }
        return response
    }

    /// Why the action came to nothing; `nil` when it did come to something. What is not paid for was recorded by the
    /// very script that did it.
    private static func problem(_ image: BookingImage, _ action: IdempotentAction) -> Problem? {
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
