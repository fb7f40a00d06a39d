import Accounts
import Booking
import Cryptography
import HTTPServer
import Inventory
import JSON
import Records

/// `/v1/bookings`: claim and read.
final class BookingRoutes {
    private let context: APIContext
    private let bookings: BookingReader
    private let claims: ClaimRoute

    init(_ context: APIContext, _ claims: ClaimRoute) {
        self.context = context
        self.claims = claims
        bookings = BookingReader(context)
    }

    func add(to router: Router) {
        router.add(.post, "/v1/bookings", .claim) { request in await answer { try await self.claims.claim(request) } }
        router.add(.get, "/v1/bookings", .authenticated) { request in await answer { try await self.list(request) } }
        router.add(.get, "/v1/bookings/{id}", .authenticated) { request in await answer { try await self.read(request) }
        }
    }

    // MARK: - Reading

    private func read(_ request: HTTPRequest) async throws -> HTTPResponse {
        let principal = try context.authenticator.required(request)
        let user = principal.isAdmin ? nil : try context.authenticator.user(request)
        let id = try context.booking(request)
        guard let found = try await bookings.read(id), user == nil || found.image.user == user else {
            throw Problem.bookingNotFound
        }
        return .json(200, await context.json(id, found.image, persisted: found.persisted))
    }

    private func list(_ request: HTTPRequest) async throws -> HTTPResponse {
        let user = try context.authenticator.user(request)
        var query = try QueryFields(request)
        let status = query.text("status")
        let event = query.text("eventId")
        let cursor = query.text("cursor")
        let limit = query.integer("limit", 1...100) ?? 20
        if let status, BookingStatus(rawValue: status) == nil { query.wrong("status", "There is no such status.") }
        let before = cursor.flatMap { BookingID($0, partitions: context.inventory.keys.partitions) }
        if let event, !APIContext.isEventReference(event) {
            query.wrong("eventId", "It must be the id or the number of an event.")
        }
        if cursor != nil, before == nil { query.wrong("cursor", "It must be a nextCursor.") }
        try query.finish()
        var eventID: EventID?
        if let event { eventID = try await context.event(event) }
        let rows = try await context.store.list(
            user: user, status: status.flatMap { BookingStatus(rawValue: $0) }, event: eventID, before: before,
            limit: Int(limit) + 1)
        var json = JSONWriter(capacity: 4096)
        json.beginObject()
        json.key("data")
        json.beginArray()
        for row in rows.prefix(Int(limit)) { await context.write(row.id, row.image, persisted: true, to: &json) }
        json.endArray()
        json.member("nextCursor", rows.count > Int(limit) ? rows[Int(limit) - 1].id.description : nil)
        json.endObject()
        return .json(200, json.bytes)
    }
}
