import Booking
import EventLoop
import HTTPServer
import Inventory
import Records

/// Answers requests whose idempotency key was seen before, and remembers answers.
final class Replays {
    private let context: APIContext

    /// A longer body is not kept; it is rebuilt from the booking.
    private static let bodyLimit = 2048
    /// How long a second request waits for the first.
    private static let patience: Int64 = 2_000_000_000

    init(_ context: APIContext) { self.context = context }

    /// The request's key.
    ///
    /// - Throws: 400 when it is malformed, or missing where it is required.
    func key(_ request: HTTPRequest, _ alias: String?) throws(Problem) -> IdempotencyKey? {
        let key = try IdempotencyKey(request, alias: alias)
        if key == nil, context.configuration.requiresIdempotencyKey {
            throw Problem(400, "idempotency-key-missing", "This needs an Idempotency-Key.")
        }
        return key
    }

    /// Runs a request, unless its key was used before, and remembers what came of it.
    func once(
        _ request: IdempotentRequest?, _ booking: BookingID,
        _ body: nonisolated(nonsending) () async throws -> HTTPResponse
    ) async throws -> HTTPResponse {
        guard let request else { return try await body() }
        if let text = try await context.inventory.idempotencyText(booking.partition, digest: request.digest) {
            guard text.hasPrefix(request.fingerprint + "|") else { throw Problem.keyReused }
            if let record = IdempotencyRecord(text: text) {
                return try await answer(record, request, created: false)
            }
        }
        let response = await HTTPServerAnswer.of(body)
        if response.headers.contains(where: { $0.name == "Idempotent-Replayed" }) { return response }
        await remember(response, request, booking)
        return response
    }

    /// Remembers an answer, or forgets the key when the answer may be another one next time.
    func remember(_ response: HTTPResponse, _ request: IdempotentRequest?, _ booking: BookingID) async {
        guard let request else { return }
        if Self.isFinal(response) {
            let body = response.body.count <= Self.bodyLimit ? String(decoding: response.body, as: UTF8.self) : ""
            try? await context.inventory.complete(request, booking: booking, status: response.status, body: body)
        } else if response.status != 409 || !Self.names("idempotency-in-progress", response) {
            try? await context.inventory.forget(request, partition: booking.partition)
        }
    }

    /// 2xx, 402, and the 409s that stay true.
    private static func isFinal(_ response: HTTPResponse) -> Bool {
        if (200...299).contains(response.status) || response.status == 402 { return true }
        return response.status == 409
            && ["hold-expired", "event-cancelled", "invalid-state"].contains { names($0, response) }
    }

    private static func names(_ code: String, _ response: HTTPResponse) -> Bool {
        String(decoding: response.body, as: UTF8.self).contains("\"code\":\"\(code)\"")
    }

    /// The answer that a record stands for; a running one is waited for.
    func answer(
        _ record: IdempotencyRecord, _ request: IdempotentRequest?, created: Bool
    ) async throws -> HTTPResponse {
        var record = record
        let deadline = monotonicNanoseconds() + Self.patience
        while case .running(_, let booking, let until) = record {
            if context.now > until { return try await rebuilt(booking, created: created) }
            guard monotonicNanoseconds() < deadline, let request else { throw Problem.inProgress }
            await context.loop.sleep(for: .milliseconds(20))
            guard
                let next = try await context.inventory.idempotencyRecord(booking.partition, digest: request.digest)
            else { throw Problem.inProgress }
            record = next
        }
        switch record {
        case .claim(_, let booking, let availability, let image):
            let body = await context.json(booking, image, persisted: false, availability: availability)
            return replayed(201, Array(body), location: booking)
        case .done(_, let booking, let status, let body):
            guard !body.isEmpty else { return try await rebuilt(booking, created: created) }
            return replayed(status, Array(body.utf8), location: created && status < 300 ? booking : nil)
        case .running:
            throw Problem.inProgress
        }
    }

    /// Whoever ran the request died: the booking's state tells what came of it.
    private func rebuilt(_ booking: BookingID, created: Bool) async throws -> HTTPResponse {
        let inRedis = try await context.inventory.booking(booking)
        guard let image = inRedis?.image else {
            guard let row = try await context.store.booking(booking) else { throw Problem.bookingNotFound }
            return replayed(created ? 201 : 200, await context.json(booking, row.image, persisted: true), location: nil)
        }
        let status = image.status == .pendingPayment ? 202 : created ? 201 : 200
        let body = await context.json(booking, image, persisted: inRedis?.persisted ?? false)
        return replayed(status, body, location: created ? booking : nil)
    }

    private func replayed(_ status: Int, _ body: [UInt8], location: BookingID?) -> HTTPResponse {
        let type = status < 300 ? "application/json" : "application/problem+json"
        var headers = [(name: "Content-Type", value: type), (name: "Idempotent-Replayed", value: "true")]
        if let location { headers.append(("Location", "/v1/bookings/\(location)")) }
        return HTTPResponse(status: status, headers: headers, body: body)
    }
}

/// A route's answer as a value, problems included.
enum HTTPServerAnswer {
    static func of(_ body: nonisolated(nonsending) () async throws -> HTTPResponse) async -> HTTPResponse {
        await answer(body)
    }
}
