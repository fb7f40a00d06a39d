import BoxOffice
import HTTP
import JSON
import Loops
import Payments
import PlantedBugs
import SeatInventory
import Settlement

/// `POST /v1/payments/callback`: a provider's messages about charges.
final class CallbackRoute {
    private let context: APIContext
    private let recorder: ChargeRecorder
    private let signatures: [WebhookSignature]

    /// Longest message id that can be stored.
    private static let idLimit = 255

    /// - Parameter own: the signature of the simulated provider in this process.
    init(_ context: APIContext, _ recorder: ChargeRecorder, own: WebhookSignature?) {
        self.context = context
        self.recorder = recorder
        signatures = [context.configuration.webhookSignature, own].compactMap(\.self)
    }

    func add(to router: Router) {
        let policy = RoutePolicy(.signed, admission: .essential, rate: .exempt)
        router.add(.post, "/v1/payments/callback", policy) { request in
            await answer { [self] in
                guard let id = request.header("webhook-id"), let timestamp = request.header("webhook-timestamp"),
                    let signature = request.header("webhook-signature"),
                    isSigned(id: id, timestamp: timestamp, signature: signature, body: request.body)
                else { throw Problem(.badSignature, "The message is not signed by a secret of this server.") }
                return try await receive(id, try RequestBody(request), RequestTrace.record(request))
            }
        }
    }

    /// Checked on the raw bytes, before they are parsed.
    private func isSigned(id: String, timestamp: String, signature: String, body: [UInt8]) -> Bool {
        var isSigned = false
        for known in signatures {
            let verified = known.verify(
                id: id, timestamp: timestamp, body: body, signatures: signature, now: context.now / 1000)
            isSigned = isSigned || verified
        }
        return isSigned
    }

    /// Receives a message of the simulated provider in this process, as if it had come by HTTP.
    func receive(id: String, timestamp: Int64, signature: String, body: [UInt8]) async -> HTTPResponse {
        await answer { [self] in
            guard isSigned(id: id, timestamp: String(timestamp), signature: signature, body: body) else {
                throw Problem(.badSignature, "The message is not signed by a secret of this server.")
            }
            return try await receive(id, try RequestBody(bytes: body), "")
        }
    }

    private func receive(_ id: String, _ sent: RequestBody, _ trace: String) async throws -> HTTPResponse {
        // Providers add message types, and disable endpoints that refuse them.
        guard let message = try message(id, sent, trace) else { return Self.outcome(.ignored) }
        if PlantedBug.current == .earlyAcknowledgement {
            context.loop.spawn { [context, recorder] in
                await context.loop.sleep(for: .milliseconds(500))
                _ = try? await recorder.receive(message)
            }
            return .json(200, Array("{\"outcome\":\"confirmed\"}".utf8))
        }
        return Self.outcome(try await recorder.receive(message))
    }

    private static func outcome(_ outcome: CallbackOutcome) -> HTTPResponse {
        var json = JSONWriter()
        json.beginObject()
        json.member("outcome", outcome.rawValue)
        json.endObject()
        return .json(200, json.bytes)
    }

    /// Parses a message. Unknown members are ignored, since providers add some.
    ///
    /// - Returns: `nil` for a message of an unknown type, whose other members are not checked.
    private func message(_ id: String, _ sent: RequestBody, _ trace: String) throws -> CallbackMessage? {
        var body = sent
        guard (1...Self.idLimit).contains(id.utf8.count), !id.utf8.contains(0) else {
            throw Problem.invalid([("", "The header webhook-id must have 1 to 255 bytes.")])
        }
        let type = body.required("type", body.text("type", 1...Int.max))
        if let type, !["payment.success", "payment.failed"].contains(type) { return nil }
        let booking = body.required("bookingId", body.text("bookingId"))
        let transaction = body.required("transactionId", body.text("transactionId", 1...255))
        let amount = body.required("amount", body.integer("amount", 0...Int64.max))
        let currency = body.required("currency", body.text("currency", 3...3))
        _ = body.text("reason", 0...1000)
        let payment = body.text("paymentId")
        if let booking, UUIDBytes(booking) == nil { body.wrong("bookingId", "It must be a UUID.") }
        if let payment, PaymentID(payment) == nil { body.wrong("paymentId", "It must be a UUID.") }
        if let currency, !currency.utf8.allSatisfy({ (65...90).contains($0) }) {
            body.wrong("currency", "It must be three capital letters (ISO 4217).")
        }
        guard body.errors.isEmpty, let type, let booking = booking.flatMap({ UUIDBytes($0) }), let transaction,
            let amount, let currency
        else { throw Problem.invalid(body.errors) }
        return CallbackMessage(
            id: id, provider: context.gateway.name, transactionID: transaction, booking: BookingID(stored: booking),
            payment: payment.flatMap { PaymentID($0) }, amount: amount, currency: currency,
            isSuccess: type == "payment.success", trace: trace)
    }
}
