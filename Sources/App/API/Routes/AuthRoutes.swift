import Accounts
import BoxOffice
import Glibc
import HTTP
import JSON
import RedisClient

/// `/v1/auth`: register, log in, refresh, log out, show the caller; and `/api/auth`, the drop-in routes.
final class AuthRoutes {
    private let context: APIContext
    private let accounts: AccountService

    init(_ context: APIContext, redis: RedisConnection) {
        self.context = context
        accounts = AccountService(
            pool: context.pool, redis: redis, secret: context.configuration.secret,
            configuration: context.configuration.accounts, revocations: context.revocations, clock: { Int64(time(nil)) }
        )
    }

    func add(to router: Router) {
        router.add(.post, "/v1/auth/register", .anyone) { request in await answer { try await self.register(request) } }
        router.add(.post, "/v1/auth/login", .anyone) { request in await answer { try await self.login(request) } }
        router.add(.post, "/v1/auth/refresh", .anyone) { request in await answer { try await self.refresh(request) } }
        router.add(.post, "/v1/auth/logout", .anyone) { request in await answer { try await self.logout(request) } }
        router.add(.get, "/v1/auth/me", .authenticated) { request in await answer { try await self.me(request) } }
        OwnAccountRoutes(context, accounts).add(to: router)
        AccountExportRoute(context, accounts).add(to: router)
        addDropIn(to: router)
    }

    /// Adds the drop-in routes for clients of older services.
    private func addDropIn(to router: Router) {
        router.add(.post, "/api/auth/register", .anyone.dropIn) { request in
            await answerDropIn { try await self.register(request) }
        }
        router.add(.post, "/api/auth/login", .anyone.dropIn) { request in
            await answerDropIn { try await self.login(request) }
        }
        router.add(.post, "/api/auth/refresh", .anyone.dropIn) { request in
            await answerDropIn { try await self.refresh(request) }
        }
    }

    private func register(_ request: HTTPRequest) async throws -> HTTPResponse {
        var body = try RequestBody(request)
        let email = body.required("email", email(&body))
        let password = body.required("password", body.text("password", 1...Self.passwordLength))
        let name = body.required("name", Self.name(&body))
        if let violation = password.flatMap(PasswordRule.violation) { body.wrong("password", violation) }
        try body.finish()
        guard let email, let password, let name else { throw Problem.invalid(body.errors) }
        return Self.session(
            201, try await accounts.register(email, password: password, name: name, address: request.subscriber))
    }

    private func login(_ request: HTTPRequest) async throws -> HTTPResponse {
        var body = try RequestBody(request)
        let email = body.required("email", body.text("email", 1...1000))
        let password = body.required("password", body.text("password", 1...Self.passwordLength))
        try body.finish()
        guard let email, let password else { throw Problem.invalid(body.errors) }
        // A text that is not an address has no account, so no password work is needed to hide that.
        guard let email = EmailAddress(email) else { throw Problem.account(.invalidCredentials) }
        return Self.session(200, try await accounts.login(email, password: password, address: request.subscriber))
    }

    private func refresh(_ request: HTTPRequest) async throws -> HTTPResponse {
        Self.session(200, try await accounts.refresh(try Self.refreshToken(request)))
    }

    private func logout(_ request: HTTPRequest) async throws -> HTTPResponse {
        try await accounts.logout(try Self.refreshToken(request))
        return HTTPResponse(status: 204)
    }

    private func me(_ request: HTTPRequest) async throws -> HTTPResponse {
        let principal = try context.authenticator.required(request)
        let user = try await accounts.user(principal)
        var json = JSONWriter()
        Self.write(
            id: principal.id.text, email: user?.email ?? principal.email, name: user?.name ?? principal.name,
            roles: user?.roles ?? principal.roles, to: &json)
        return .json(200, json.bytes)
    }

    /// Passwords of an older system may be longer than new ones, but none is longer than this.
    static let passwordLength = 1000

    private func email(_ body: inout RequestBody) -> EmailAddress? {
        guard let text = body.text("email", 1...1000) else { return nil }
        guard let email = EmailAddress(text) else {
            body.wrong("email", "It must be an e-mail address of at most 254 bytes.")
            return nil
        }
        return email
    }

    private static func name(_ body: inout RequestBody) -> String? {
        guard let text = body.text("name", 1...1000) else { return nil }
        guard let name = PersonName.cleaned(text) else {
            body.wrong("name", PersonName.rule)
            return nil
        }
        return name
    }

    private static func refreshToken(_ request: HTTPRequest) throws(Problem) -> String {
        var body = try RequestBody(request)
        let token = body.required("refreshToken", body.text("refreshToken", 1...1000))
        try body.finish()
        guard let token else { throw Problem.invalid(body.errors) }
        return token
    }

    static func session(_ status: Int, _ session: Session) -> HTTPResponse {
        var json = JSONWriter()
        json.beginObject()
        json.key("user")
        let user = session.user
        write(id: user.id, email: user.email, name: user.name, roles: user.roles, to: &json)
        json.member("accessToken", session.accessToken)
        json.member("refreshToken", session.refreshToken)
        json.member("tokenType", "Bearer")
        json.member("expiresIn", session.expiresIn)
        json.endObject()
        return .json(status, json.bytes)
    }

    static func write(id: String, email: String?, name: String?, roles: [String], to json: inout JSONWriter) {
        json.beginObject()
        json.member("id", id)
        json.member("email", email)
        json.member("name", name)
        json.key("roles")
        json.beginArray()
        for role in roles { json.string(role) }
        json.endArray()
        json.endObject()
    }
}
