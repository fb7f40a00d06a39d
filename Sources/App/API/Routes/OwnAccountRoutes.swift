import Accounts
import BoxOffice
import HTTP
import JSON

/// Account routes for the account's owner: `/v1/auth/password`, `/v1/auth/sessions`, `DELETE /v1/auth/me`.
final class OwnAccountRoutes {
    private let context: APIContext
    private let accounts: AccountService

    init(_ context: APIContext, _ accounts: AccountService) {
        self.context = context
        self.accounts = accounts
    }

    func add(to router: Router) {
        router.add(.post, "/v1/auth/password", .authenticated) { request in
            await answer { try await self.changePassword(request) }
        }
        router.add(.get, "/v1/auth/sessions", .authenticated) { request in
            await answer { try await self.sessions(request) }
        }
        router.add(.delete, "/v1/auth/sessions", .authenticated) { request in
            await answer { try await self.endOthers(request) }
        }
        router.add(.delete, "/v1/auth/sessions/{id}", .authenticated) { request in
            await answer { try await self.end(request) }
        }
        router.add(.delete, "/v1/auth/me", .authenticated) { request in
            await answer { try await self.erase(request) }
        }
    }

    private func changePassword(_ request: HTTPRequest) async throws -> HTTPResponse {
        let principal = try context.authenticator.required(request)
        var body = try RequestBody(request)
        let current = body.required("currentPassword", body.text("currentPassword", 1...AuthRoutes.passwordLength))
        let new = body.required("newPassword", body.text("newPassword", 1...AuthRoutes.passwordLength))
        if let violation = new.flatMap(PasswordRule.violation) { body.wrong("newPassword", violation) }
        try body.finish()
        guard let current, let new else { throw Problem.invalid(body.errors) }
        return AuthRoutes.session(
            200,
            try await accounts.changePassword(
                of: principal, from: current, to: new, address: request.subscriber))
    }

    private func sessions(_ request: HTTPRequest) async throws -> HTTPResponse {
        let principal = try context.authenticator.required(request)
        var query = try QueryFields(request)
        try query.finish()
        var json = JSONWriter()
        json.beginObject()
        json.key("data")
        Self.write(try await accounts.sessions(of: principal), to: &json)
        json.endObject()
        return .json(200, json.bytes)
    }

    static func write(_ sessions: [(session: SessionRecord, isCurrent: Bool)], to json: inout JSONWriter) {
        json.beginArray()
        for (session, isCurrent) in sessions {
            json.beginObject()
            json.member("id", session.id)
            json.member("createdAt", Timestamp.format(session.createdAt))
            json.member("lastUsedAt", Timestamp.format(session.lastUsedAt))
            json.member("current", isCurrent)
            json.endObject()
        }
        json.endArray()
    }

    private func end(_ request: HTTPRequest) async throws -> HTTPResponse {
        let principal = try context.authenticator.required(request)
        guard let id = UUIDBytes(request.parameters["id"] ?? ""),
            try await accounts.endSession(id, of: principal)
        else { throw Problem(.notFound, "You have no such session.") }
        return HTTPResponse(status: 204)
    }

    private func endOthers(_ request: HTTPRequest) async throws -> HTTPResponse {
        try await accounts.endOtherSessions(of: try context.authenticator.required(request))
        return HTTPResponse(status: 204)
    }

    private func erase(_ request: HTTPRequest) async throws -> HTTPResponse {
        let principal = try context.authenticator.required(request)
        var body = try RequestBody(request)
        let password = body.required("password", body.text("password", 1...AuthRoutes.passwordLength))
        try body.finish()
        guard let password else { throw Problem.invalid(body.errors) }
        try await accounts.erase(principal, password: password, address: request.subscriber)
        return HTTPResponse(status: 204)
    }
}
