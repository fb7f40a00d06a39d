import BoxOffice
import HTTP
import JSON
import Records

/// `GET /v1/admin/audit-log`: who did what, newest first.
final class AuditLogRoute {
    private let context: APIContext
    private let log: AuditLog

    init(_ context: APIContext) {
        self.context = context
        log = AuditLog(pool: context.pool)
    }

    func add(to router: Router) {
        router.add(.get, "/v1/admin/audit-log", .administrators) { request in
            await answer { try await self.list(request) }
        }
    }

    private func list(_ request: HTTPRequest) async throws -> HTTPResponse {
        var query = try QueryFields(request)
        let actor = query.text("actor")
        let subject = query.text("subject")
        let action = query.text("action")
        let limit = query.integer("limit", 1...100) ?? 20
        let cursor = query.text("cursor")
        let before = cursor.flatMap { UUIDBytes($0) }
        if cursor != nil, before == nil { query.wrong("cursor", "It must be a nextCursor.") }
        try query.finish()
        let entries = try await log.list(
            actor: actor, subject: subject, action: action, before: before, limit: Int(limit) + 1)
        var json = JSONWriter(capacity: 8192)
        json.beginObject()
        json.key("data")
        json.beginArray()
        for entry in entries.prefix(Int(limit)) { AuditEntryJSON.write(entry, to: &json) }
        json.endArray()
        json.member("nextCursor", entries.count > Int(limit) ? entries[Int(limit) - 1].id.description : nil)
        json.endObject()
        return .json(200, json.bytes)
    }
}

/// The contract's `AuditEntry`.
enum AuditEntryJSON {
    static func write(_ entry: AuditEntry, to json: inout JSONWriter) {
        json.beginObject()
        json.member("id", entry.id.description)
        json.member("at", Timestamp.format(entry.at))
        json.key("actor")
        json.beginObject()
        json.member("kind", entry.actor.kind.rawValue)
        json.member("id", entry.actor.id)
        json.endObject()
        json.member("address", entry.address)
        json.member("action", entry.action)
        json.key("subject")
        if let subject = entry.subject {
            json.beginObject()
            json.member("kind", subject.kind)
            json.member("id", subject.id)
            json.endObject()
        } else {
            json.null()
        }
        for (name, state) in [("before", entry.before), ("after", entry.after)] {
            json.key(text: name)
            if let state { json.raw(Array(state.utf8)) } else { json.null() }
        }
        json.member("outcome", entry.outcome.rawValue)
        json.member("reason", entry.reason)
        json.member("requestId", entry.requestID)
        json.endObject()
    }
}
