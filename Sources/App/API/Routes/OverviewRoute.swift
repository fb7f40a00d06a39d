import BoxOffice
import HTTP
import JSON
import Metrics
import Records
import SeatInventory

/// `/v1/admin/overview`: the operators' overview. Values that cannot be read at present are null; the rest is returned.
final class OverviewRoute {
    private let context: APIContext
    /// The id of this process, since counters are per process.
    private static let copy = UUIDBytes(high: .random(in: 0 ... .max), low: .random(in: 0 ... .max)).description

    /// Most events in the answer, soonest first.
    private static let eventLimit = 20

    init(_ context: APIContext) { self.context = context }

    func add(to router: Router) {
        router.add(.get, "/v1/admin/overview", .administrators) { request in
            await answer { try await self.overview(request) }
        }
    }

    private func overview(_ request: HTTPRequest) async throws -> HTTPResponse {
        _ = try context.authenticator.admin(request)
        var query = try QueryFields(request)
        try query.finish()
        var json = JSONWriter(capacity: 8192)
        json.beginObject()
        json.member("copy", Self.copy)
        json.member("asOf", Timestamp.format(context.now))
        claims(to: &json)
        await outbox(to: &json)
        await events(to: &json)
        json.endObject()
        return .json(200, json.bytes)
    }

    /// Claims of this process, since it started.
    private func claims(to json: inout JSONWriter) {
        json.key("claims")
        json.beginObject()
        for label in ClaimLabel.allCases {
            json.member(text: label.name, Int64(ServeMetrics.shared.claims[label.name].value))
        }
        json.endObject()
    }

    private func outbox(to json: inout JSONWriter) async {
        json.key("outbox")
        guard let entries = try? await context.inventory.backlog(),
            let age = try? await context.inventory.oldestUnpersisted()
        else { return json.null() }
        json.beginObject()
        json.member("entries", Int64(entries))
        json.member("oldestMs", entries == 0 ? 0 : age)
        json.endObject()
    }

    private func events(to json: inout JSONWriter) async {
        json.key("events")
        guard
            // Past events need no watching, and would come first.
            let (events, _) = try? await context.catalogue.list(
                EventListing(limit: Self.eventLimit, period: .upcoming))
        else { return json.null() }
        json.beginArray()
        for event in events { write(event, await context.live(event.id), to: &json) }
        json.endArray()
    }

    private func write(_ event: EventRecord, _ live: Availability?, to json: inout JSONWriter) {
        json.beginObject()
        json.member("id", event.id.description)
        json.member("number", event.number)
        json.member("title", event.title)
        json.member("status", event.status)
        json.key("counts")
        if let tiers = live?.tiers {
            json.beginObject()
            json.member("capacity", Int64(tiers.reduce(0) { $0 + $1.capacity }))
            json.member("available", Int64(tiers.reduce(0) { $0 + $1.available }))
            json.member("held", Int64(tiers.reduce(0) { $0 + $1.held }))
            json.member("sold", Int64(tiers.reduce(0) { $0 + $1.sold }))
            json.member("blocked", Int64(tiers.reduce(0) { $0 + $1.blocked }))
            json.endObject()
        } else {
            json.null()
        }
        json.endObject()
    }
}
