import Accounts
import Booking
import Cryptography
import HTTPServer
import Inventory
import JSON
import Records

/// `/v1/events`: the catalogue, and what is left.
final class EventRoutes {
    private let context: APIContext

    init(_ context: APIContext) { self.context = context }

    func add(to router: Router) {
        router.add(.get, "/v1/events") { request in await answer { try await self.list(request) } }
        router.add(.post, "/v1/events") { request in await answer { try await self.create(request) } }
        router.add(.get, "/v1/events/{id}") { request in await answer { try await self.read(request) } }
        router.add(.post, "/v1/events/{id}/publish") { request in await answer { try await self.publish(request) } }
        router.add(.get, "/v1/events/{id}/availability") { request in
            await answer { try await self.availability(request) }
        }
    }

    // MARK: - Reading

    private enum Order: String { case asc, desc }

    private func list(_ request: HTTPRequest) async throws -> HTTPResponse {
        var query = try QueryFields(request)
        let page = query.integer("page", 1...100_000) ?? 1
        let limit = query.integer("limit", 1...50) ?? 10
        let search = query.text("search") ?? ""
        let sort = query.choice("sortBy", Catalogue.Sort.date)
        let order = query.choice("sortOrder", Order.asc)
        if search.utf8.count > 200 { query.wrong("search", "It must have at most 200 bytes.") }
        try query.finish()
        let (events, total) = try await context.catalogue.list(
            page: Int(page), limit: Int(limit), search: search, sort: sort, descending: order == .desc)
        var json = JSONWriter(capacity: 8192)
        json.beginObject()
        json.key("data")
        json.beginArray()
        for event in events { EventJSON.write(event, await live(event.id), to: &json) }
        json.endArray()
        json.member("page", page)
        json.member("limit", limit)
        json.member("total", total)
        json.member("totalPages", (total + limit - 1) / limit)
        json.endObject()
        return tagged(request, json.bytes)
    }

    private func read(_ request: HTTPRequest) async throws -> HTTPResponse {
        let id = try await context.event(request.parameters["id"] ?? "")
        let principal = try context.authenticator.principal(of: request)
        guard let event = try await context.catalogue.event(id), event.status != "draft" || principal?.isAdmin == true
        else { throw Problem.eventNotFound }
        return tagged(request, EventJSON.bytes(event, await live(id)))
    }

    /// What is left; `nil` when Redis cannot say, so that PostgreSQL's numbers are told.
    private func live(_ id: EventID) async -> Availability? {
        guard let availability = try? await context.inventory.availability(id), availability.isOpen else { return nil }
        return availability
    }

    private func availability(_ request: HTTPRequest) async throws -> HTTPResponse {
        let id = try await context.event(request.parameters["id"] ?? "")
        guard let availability = try await context.inventory.availability(id) else {
            guard let event = try await context.catalogue.event(id), event.status != "draft" else {
                throw Problem.eventNotFound
            }
            throw InventoryError(.recovering)
        }
        guard availability.isOpen else { throw InventoryError(.recovering) }
        var json = JSONWriter()
        json.beginObject()
        json.member("eventId", id.description)
        json.member("seq", availability.sequence)
        json.member("asOf", Timestamp.format(availability.asOf))
        json.key("tiers")
        json.beginArray()
        for tier in availability.tiers.sorted(by: { $0.tier.uuid < $1.tier.uuid }) {
            json.beginObject()
            json.member("tierId", tier.tier.description)
            json.member("capacity", Int64(tier.capacity))
            json.member("available", Int64(tier.available))
            json.member("held", Int64(tier.held))
            json.member("sold", Int64(tier.sold))
            json.member("blocked", Int64(tier.blocked))
            json.endObject()
        }
        json.endArray()
        json.endObject()
        return tagged(request, json.bytes, tag: "\"\(availability.sequence)\"")
    }

    /// With an `ETag`; 304 when the client has it (RFC 9110, section 13.1.2).
    private func tagged(_ request: HTTPRequest, _ body: [UInt8], tag: String? = nil) -> HTTPResponse {
        let tag = tag ?? "\"\(hexEncode(sha256(body)).prefix(24))\""
        let known = request.header("if-none-match")?.split(separator: ",").map { $0.filter { $0 != " " } } ?? []
        if known.contains(where: { $0 == tag || $0 == "W/\(tag)" || $0 == "*" }) {
            return HTTPResponse(status: 304, headers: [("ETag", tag)])
        }
        return HTTPResponse(status: 200, headers: [("Content-Type", "application/json"), ("ETag", tag)], body: body)
    }

    // MARK: - Writing

    private func create(_ request: HTTPRequest) async throws -> HTTPResponse {
        _ = try context.authenticator.admin(request)
        var body = try RequestBody(request)
        let (event, publishes) = try EventBody.read(&body, id: EventID(context.uuid())) { TierID(context.uuid()) }
        try await context.catalogue.create(event, partition: context.inventory.keys.partition(of: event.id))
        if publishes { try await onSale(event.id) }
        return try await told(event.id, 201, [("Location", "/v1/events/\(event.id)")])
    }

    private func publish(_ request: HTTPRequest) async throws -> HTTPResponse {
        _ = try context.authenticator.admin(request)
        let id = try await context.event(request.parameters["id"] ?? "")
        guard let event = try await context.catalogue.event(id) else { throw Problem.eventNotFound }
        guard event.status != "cancelled" else {
            throw Problem(409, "event-cancelled", "The event was cancelled.")
        }
        try await onSale(id)
        return try await told(id, 200, [])
    }

    /// PostgreSQL first: were Redis to lose it, the reconciler would bring it back.
    private func onSale(_ id: EventID) async throws {
        guard try await context.catalogue.publish(id), let event = try await context.catalogue.event(id) else {
            throw Problem.eventNotFound
        }
        guard try await context.inventory.load(event.policy(clock: 0), recovering: nil) == .done else {
            throw InventoryError(.recovering)
        }
    }

    private func told(
        _ id: EventID, _ status: Int, _ headers: [(name: String, value: String)]
    ) async throws -> HTTPResponse {
        guard let event = try await context.catalogue.event(id) else { throw Problem.eventNotFound }
        return HTTPResponse(
            status: status, headers: [("Content-Type", "application/json")] + headers,
            body: EventJSON.bytes(event, await live(id)))
    }
}
