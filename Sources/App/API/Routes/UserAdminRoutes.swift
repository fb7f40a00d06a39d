import Accounts
import BoxOffice
import HTTP
import JSON
import Records

/// `/v1/admin/users`: finds accounts, disables them, and grants and revokes roles.
final class UserAdminRoutes {
    private let users: UserAdministration

    private static let roles = ["customer", "admin"]

    init(_ context: APIContext) {
        users = UserAdministration(pool: context.pool, revocations: context.revocations)
    }

    func add(to router: Router) {
        router.add(.get, "/v1/admin/users", .administrators) { request in
            await answer { try await self.list(request) }
        }
        router.add(.patch, "/v1/admin/users/{id}", .administrators) { request in
            await answer { try await self.change(request) }
        }
    }

    private func list(_ request: HTTPRequest) async throws -> HTTPResponse {
        var query = try QueryFields(request)
        let limit = query.integer("limit", 1...100) ?? 20
        let text = query.text("email")
        let email = text.flatMap { EmailAddress($0) }
        if text != nil, email == nil { query.wrong("email", "It must be an e-mail address.") }
        let cursor = query.text("cursor")
        let before = cursor.flatMap { UUIDBytes($0) }
        if cursor != nil, before == nil { query.wrong("cursor", "It must be a nextCursor.") }
        try query.finish()
        let found = try await users.list(email: email, before: before, limit: Int(limit) + 1)
        var json = JSONWriter(capacity: 4096)
        json.beginObject()
        json.key("data")
        json.beginArray()
        for user in found.prefix(Int(limit)) { Self.write(user, to: &json) }
        json.endArray()
        json.member("nextCursor", found.count > Int(limit) ? found[Int(limit) - 1].id : nil)
        json.endObject()
        return .json(200, json.bytes)
    }

    private func change(_ request: HTTPRequest) async throws -> HTTPResponse {
        var body = try RequestBody(request)
        var change = UserAdministration.Change()
        change.isDisabled = body.has("disabled") ? body.required("disabled", body.bool("disabled")) : nil
        change.roles = body.has("roles") ? body.required("roles", Self.roles(&body)) : nil
        if !body.has("disabled"), !body.has("roles") { body.wrong("disabled", "Either it or roles must be sent.") }
        try body.finish()
        guard let id = UUIDBytes(request.parameters["id"] ?? "") else { throw Problem.account(.unknown) }
        let (before, after) = try await users.change(id, change)
        request.audit?.subject = AuditEntry.Subject("user", id.description)
        request.audit?.before = Self.state(before)
        request.audit?.after = Self.state(after)
        var json = JSONWriter()
        Self.write(after, to: &json)
        return .json(200, json.bytes)
    }

    private static func roles(_ body: inout RequestBody) -> [String]? {
        guard let texts = body.texts("roles", 1...roles.count) else { return nil }
        for (index, text) in texts.enumerated() where !roles.contains(where: { $0.utf8.elementsEqual(text.utf8) }) {
            body.wrong("roles/\(index)", "It must be customer or admin.")
        }
        return roles.filter { texts.contains($0) }
    }

    /// What the audit log stores of an account: nothing that identifies its owner.
    private static func state(_ user: User) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        write(user.roles, user.isDisabled, to: &json)
        json.endObject()
        return json.bytes
    }

    private static func write(_ user: User, to json: inout JSONWriter) {
        json.beginObject()
        json.member("id", user.id)
        json.member("email", user.email)
        json.member("name", user.name)
        write(user.roles, user.isDisabled, to: &json)
        json.member("createdAt", Timestamp.format(user.createdAt))
        json.endObject()
    }

    private static func write(_ roles: [String], _ isDisabled: Bool, to json: inout JSONWriter) {
        json.key("roles")
        json.beginArray()
        for role in roles { json.string(role) }
        json.endArray()
        json.member("disabled", isDisabled)
    }
}
