import Audit
import BoxOffice
import HTTP
import JSON
import Records

/// `/v1/admin/audit/events/{id}`: compares both stores.
final class AuditRoutes {
    private enum Choice: String, CaseIterable { case yes = "true", no = "false" }

    private let context: APIContext
    private let auditor: Auditor

    init(_ context: APIContext) {
        self.context = context
        auditor = Auditor(loop: context.loop, inventory: context.inventory, pool: context.pool)
    }

    func add(to router: Router) {
        router.add(.get, "/v1/admin/audit/events/{id}", .administrators) { request in
            await answer { try await self.audit(request) }
        }
        router.add(.post, "/v1/admin/audit/events/{id}/repair", .administrators) { request in
            await answer { try await self.repair(request) }
        }
    }

    private func audit(_ request: HTTPRequest) async throws -> HTTPResponse {
        _ = try context.authenticator.admin(request)
        let event = try await context.event(request.parameters["id"] ?? "", asAdmin: true)
        guard let report = try await auditor.audit(event) else { throw Problem.eventNotFound }
        return .json(200, Self.json(report, nil))
    }

    private func repair(_ request: HTTPRequest) async throws -> HTTPResponse {
        _ = try context.authenticator.admin(request)
        var query = try QueryFields(request)
        let isDryRun = query.choice("dryRun", Choice.yes) == .yes
        try query.finish()
        let event = try await context.event(request.parameters["id"] ?? "", asAdmin: true)
        guard let (report, actions) = try await auditor.repair(event, isDryRun: isDryRun) else {
            throw Problem.eventNotFound
        }
        let body = Self.json(report, actions)
        request.audit?.subject = AuditEntry.Subject("event", event.description)
        request.audit?.after = body
        request.audit?.reason = isDryRun ? "dry run" : nil
        return .json(200, body)
    }

    private static func json(_ report: AuditReport, _ actions: [AuditReport.Entry]?) -> [UInt8] {
        var json = JSONWriter(capacity: 1024)
        json.beginObject()
        json.member("eventId", report.event.description)
        json.member("verdict", report.verdict.rawValue)
        write("redis", report.redis, to: &json)
        write("postgres", report.postgres, to: &json)
        write("drift", report.drift, to: &json)
        if let actions { write("actions", actions, to: &json) }
        json.member("lastStreamId", report.lastStreamID.description)
        json.member("asOf", Timestamp.format(report.asOf))
        json.endObject()
        return json.bytes
    }

    private static func write(_ name: String, _ tiers: [TierCounters], to json: inout JSONWriter) {
        json.key(text: name)
        json.beginObject()
        json.key("tiers")
        json.raw(AvailabilityJSON.array(tiers))
        json.endObject()
    }

    private static func write(_ name: String, _ entries: [AuditReport.Entry], to json: inout JSONWriter) {
        json.key(text: name)
        json.beginArray()
        for entry in entries {
            json.beginObject()
            if let tier = entry.tier { json.member("tierId", tier.description) }
            if let booking = entry.booking { json.member("bookingId", booking.description) }
            json.member("detail", entry.detail)
            json.endObject()
        }
        json.endArray()
    }
}
