import BoxOffice
import HTTP
import JSON
import Records

/// `/v1/venues`: halls. A hall never changes, so that its events can rely on its seats.
final class VenueRoutes {
    private let context: APIContext

    /// Enough for a hall of some 100,000 seats, each named.
    private static let bodyBytes = 4 * 1024 * 1024

    init(_ context: APIContext) { self.context = context }

    func add(to router: Router) {
        router.add(.post, "/v1/venues", .administrators.accepting(bodyBytes: Self.bodyBytes)) { request in
            await answer { try await self.create(request) }
        }
        router.add(.get, "/v1/venues", .catalogue) { request in await answer { try await self.list(request) } }
        router.add(.get, "/v1/venues/{id}", .catalogue) { request in await answer { try await self.read(request) } }
    }

    private func create(_ request: HTTPRequest) async throws -> HTTPResponse {
        _ = try context.authenticator.admin(request)
        var body = try RequestBody(request)
        let name = body.required("name", body.visibleText("name", 1...200))
        let layout = body.required("sections", VenueBody.sections(&body, isNew: true))
        try body.finish()
        guard let name, let layout else { throw Problem.invalid(body.errors) }
        let id = VenueID(context.uuid())
        try await context.venues.create(
            VenueRecord(
                id: id, name: name, layout: String(decoding: layout.json, as: UTF8.self),
                seats: Int64(layout.seatCount), createdAt: 0))
        var after = JSONWriter()
        after.beginObject()
        after.member("name", name)
        after.member("seatCount", Int64(layout.seatCount))
        after.endObject()
        request.audit?.after = after.bytes
        return try await told(id, 201, [("Location", "/v1/venues/\(id)")])
    }

    private func read(_ request: HTTPRequest) async throws -> HTTPResponse {
        guard let id = VenueID(request.parameters["id"] ?? "") else { throw Self.notFound }
        return try await told(id, 200, [])
    }

    private func told(
        _ id: VenueID, _ status: Int, _ headers: [(name: String, value: String)]
    ) async throws -> HTTPResponse {
        guard let venue = try await context.venues.venue(id) else { throw Self.notFound }
        var json = JSONWriter(capacity: venue.layout.utf8.count + 200)
        json.beginObject()
        Self.write(venue, to: &json)
        json.key("sections")
        json.raw(Array(venue.layout.utf8))
        json.endObject()
        return HTTPResponse(
            status: status, headers: [("Content-Type", "application/json")] + headers, body: json.bytes)
    }

    private func list(_ request: HTTPRequest) async throws -> HTTPResponse {
        var query = try QueryFields(request)
        let limit = query.integer("limit", 1...100) ?? 20
        let cursor = query.text("cursor")
        let before = cursor.flatMap { VenueID($0) }
        if cursor != nil, before == nil { query.wrong("cursor", "It must be a nextCursor.") }
        try query.finish()
        let venues = try await context.venues.list(before: before, limit: Int(limit) + 1)
        var json = JSONWriter(capacity: 4096)
        json.beginObject()
        json.key("data")
        json.beginArray()
        for venue in venues.prefix(Int(limit)) {
            json.beginObject()
            Self.write(venue, to: &json)
            json.endObject()
        }
        json.endArray()
        json.member("nextCursor", venues.count > Int(limit) ? venues[Int(limit) - 1].id.description : nil)
        json.endObject()
        return .json(200, json.bytes)
    }

    private static let notFound = Problem(.venueNotFound, "There is no such venue.")

    private static func write(_ venue: VenueRecord, to json: inout JSONWriter) {
        json.member("id", venue.id.description)
        json.member("name", venue.name)
        json.member("seatCount", venue.seats)
        json.member("createdAt", Timestamp.format(venue.createdAt))
    }
}
