import Accounts
import BoxOffice
import HTTP
import JSON
import PostgresClient
import Records

/// `/v1/payments`: payments and their states, from PostgreSQL.
final class PaymentRoutes {
    private let context: APIContext
    private let payments: PaymentStore
    private let lists: BookingLists

    init(_ context: APIContext, _ lists: BookingLists) {
        self.context = context
        self.lists = lists
        payments = PaymentStore(pool: context.pool)
    }

    func add(to router: Router) {
        router.add(.get, "/v1/payments", .administrators) { request in await answer { try await self.list(request) } }
        router.add(.get, "/v1/payments/{id}", .authenticated) { request in await answer { try await self.read(request) }
        }
    }

    private func read(_ request: HTTPRequest) async throws -> HTTPResponse {
        let principal = try context.authenticator.required(request)
        let user = principal.isAdmin ? nil : try context.authenticator.user(request)
        guard let id = PaymentID(request.parameters["id"] ?? "") else { throw Self.notFound }
        let found = try await payments.payment(id)
        guard let row = found, user == nil || row.user == user else { throw Self.notFound }
        var json = JSONWriter()
        Self.write(row, isAdmin: principal.isAdmin, to: &json)
        return .json(200, json.bytes)
    }

    private static let notFound = Problem(.paymentNotFound, "There is no such payment.")

    private func list(_ request: HTTPRequest) async throws -> HTTPResponse {
        _ = try context.authenticator.admin(request)
        var query = try QueryFields(request)
        let status = query.text("status")
        let booking = query.text("bookingId")
        let event = query.text("eventId")
        let cursor = query.text("cursor")
        let limit = Int(query.integer("limit", 1...100) ?? 20)
        if let status, PaymentStatus(rawValue: status) == nil {
            query.wrong(
                "status", "It must be one of \(PaymentStatus.allCases.map(\.rawValue).joined(separator: ", ")).")
        }
        if let booking, UUIDBytes(booking) == nil { query.wrong("bookingId", "It must be the id of a booking.") }
        if let event, !APIContext.isEventReference(event) {
            query.wrong("eventId", "It must be the id or the number of an event.")
        }
        let before = cursor.flatMap { PaymentID($0) }
        if cursor != nil, before == nil { query.wrong("cursor", "It must be a nextCursor.") }
        try query.finish()
        var filter = PaymentFilter(
            status: status.flatMap { PaymentStatus(rawValue: $0) },
            booking: booking.flatMap { UUIDBytes($0) }.map { BookingID(stored: $0) }, before: before)
        var found: (rows: [PaymentRow], isComplete: Bool) = ([], false)
        do {
            if let event { filter.event = try await context.event(event) }
            found = await lists.payments(filter, limit: limit + 1)
        } catch is PostgresError {
            // The event's number cannot be resolved now; a list is a 200 anyway.
        }
        let (rows, isComplete) = found
        var json = JSONWriter(capacity: 4096)
        json.beginObject()
        json.key("data")
        json.beginArray()
        for row in rows.prefix(limit) { Self.write(row, isAdmin: true, to: &json) }
        json.endArray()
        json.member("nextCursor", rows.count > limit ? rows[limit - 1].payment.id.description : nil)
        json.member("complete", isComplete)
        json.endObject()
        return .json(200, json.bytes)
    }

    /// - Parameter isAdmin: whether to include what the provider was asked and what it answered.
    private static func write(_ row: PaymentRow, isAdmin: Bool, to json: inout JSONWriter) {
        json.beginObject()
        json.member("id", row.payment.id.description)
        json.member("bookingId", row.booking.description)
        json.member("provider", row.payment.provider)
        json.member("transactionId", row.payment.transactionID)
        json.member("status", row.payment.status.rawValue)
        json.member("amount", row.payment.amount)
        json.member("currency", row.currency)
        json.member("refundAmount", row.payment.refundAmount)
        json.member("refundedAmount", row.payment.refundedAmount)
        if isAdmin {
            json.member("userId", row.user?.text)
            json.member("attempts", row.attempts)
            json.member("lastAnswer", row.answer)
        }
        json.member("createdAt", Timestamp.format(row.createdAt))
        json.member("updatedAt", Timestamp.format(row.updatedAt))
        json.endObject()
    }
}
