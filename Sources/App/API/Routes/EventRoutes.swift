import Accounts
import BoxOffice
import HTTP
import JSON
import Records
import SeatInventory
import Text

/// `/v1/events`: the public catalogue.
///
/// Answers are at most a second old: PostgreSQL's data is cached for 800 ms and Redis's for 150 ms, and concurrent
/// requests share one lookup.
final class EventRoutes {
    private let context: APIContext
    private let records: SingleFlight<EventID, EventRecord?>
    private let pages: SingleFlight<EventListing, Found>
    private let bodies: SingleFlight<Key, Body>

    private struct Found: Sendable {
        let events: [EventRecord]
        let total: Int64
    }
    private enum Key: Hashable {
        case event(EventID)
        case page(EventListing)
    }
    private struct Body: Sendable {
        let bytes: [UInt8]
        let tag: EntityTag
        /// The event's version; `nil` for a page.
        let version: Int64?
    }

    init(_ context: APIContext) {
        self.context = context
        records = SingleFlight(maximumAge: 800_000_000, limit: 1000)
        pages = SingleFlight(maximumAge: 800_000_000, limit: 200)
        bodies = SingleFlight(maximumAge: 150_000_000, limit: 1000)
        context.onCatalogueChange = { [records, pages, bodies] in
            records.forget()
            pages.forget()
            bodies.forget()
        }
    }

    func add(to router: Router) {
        router.add(.get, "/v1/events", .catalogue) { request in await answer { try await self.list(request) } }
        router.add(.get, "/v1/events/{id}", .catalogue) { request in await answer { try await self.read(request) } }
        router.add(.get, "/v1/events/{id}/availability", .catalogue) { request in
            await answer { try await self.availability(request) }
        }
    }

    // MARK: - Events

    /// Most characters of a search.
    private static let searchLimit = 200

    private enum Order: String, CaseIterable { case asc, desc }

    func list(_ request: HTTPRequest) async throws -> HTTPResponse {
        var query = try QueryFields(request)
        let number = query.integer("page", 1...100_000) ?? 1
        let limit = query.integer("limit", 1...50) ?? 10
        // Normalised, as titles are for the comparison.
        let search = (query.text("search") ?? "").normalised
        let sort = query.choice("sortBy", EventListing.Sort.date)
        let order = query.choice("sortOrder", Order.asc)
        let status = query.optionalChoice("status", EventListing.Status.self)
        // A filter by status covers all periods, unless a period is given too.
        let period = query.choice("period", query.has("status") ? EventListing.Period.all : .upcoming)
        if search.unicodeScalars.count > Self.searchLimit {
            query.wrong("search", "It must have at most \(Self.searchLimit) characters.")
        }
        try query.finish()
        guard status == nil || isAdmin(request) else {
            throw Problem(.forbidden, "Only administrators may list events by status.")
        }
        let listing = EventListing(
            page: Int(number), limit: Int(limit), search: search, sort: sort, isDescending: order == .desc,
            period: period, status: status)
        let body = try await bodies.value(.page(listing)) { [self] in try await render(listing) }
        let headers = status == nil ? [] : [(name: "Cache-Control", value: "no-store")]
        return body.tag.answer(request, body.bytes, headers: headers)
    }

    private func render(_ page: EventListing) async throws -> Body {
        let found = try await pages.value(page) { [self] in
            let (events, total) = try await context.catalogue.list(page)
            return Found(events: events, total: total)
        }
        var json = JSONWriter(capacity: 8192)
        json.beginObject()
        json.key("data")
        json.beginArray()
        for event in found.events { EventJSON.write(event, await context.live(event.id), to: &json) }
        json.endArray()
        json.member("page", Int64(page.page))
        json.member("limit", Int64(page.limit))
        json.member("total", found.total)
        json.member("totalPages", (found.total + Int64(page.limit) - 1) / Int64(page.limit))
        json.endObject()
        return Body(bytes: json.bytes, tag: EntityTag(of: json.bytes), version: nil)
    }

    func read(_ request: HTTPRequest) async throws -> HTTPResponse {
        let isAdmin = isAdmin(request)
        let id = try await context.event(request.parameters["id"] ?? "", asAdmin: isAdmin)
        let body =
            isAdmin
            ? try await render(try await context.catalogue.event(id))
            : try await bodies.value(.event(id)) { [self] in
                let record = try await records.value(id) { [self] in try await context.catalogue.event(id) }
                return try await render(record?.status == "draft" ? nil : record)
            }
        let version = (name: "X-Event-Version", value: "\"\(body.version ?? 0)\"")
        return body.tag.answer(request, body.bytes, headers: [version])
    }

    private func render(_ event: EventRecord?) async throws -> Body {
        guard let event else { throw Problem.eventNotFound }
        let bytes = EventJSON.bytes(event, await context.live(event.id))
        return Body(bytes: bytes, tag: EntityTag(version: event.version, of: bytes), version: event.version)
    }

    // MARK: - Availability

    private func availability(_ request: HTTPRequest) async throws -> HTTPResponse {
        let id = try await context.event(request.parameters["id"] ?? "", asAdmin: isAdmin(request))
        var live = try await context.inventory.availability(id)
        if live == nil {
            if isAdmin(request), let tiers = try await drafted(id) {
                return AvailabilityJSON.answer(request, id, sequence: 0, asOf: context.now, tiers: tiers)
            }
            try await context.bring(id)
            live = try await context.inventory.availability(id)
        }
        guard let live, live.isOpen else { throw InventoryError(.recovering) }
        return AvailabilityJSON.answer(request, id, sequence: live.sequence, asOf: live.asOf, tiers: live.tiers)
    }

    /// The availability that a draft will have, for administrators only; `nil` if the event is no draft.
    private func drafted(_ id: EventID) async throws -> [TierCounters]? {
        guard let event = try await context.catalogue.event(id), event.status == "draft" else { return nil }
        return event.policy(clock: 0, seats: nil).tiers
    }

    /// Invalid credentials count as none: public data stays public.
    private func isAdmin(_ request: HTTPRequest) -> Bool {
        (try? context.authenticator.principal(of: request))?.isAdmin == true
    }
}
