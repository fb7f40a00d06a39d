import Accounts
import BoxOffice
import Cryptography
import HTTP

/// Authenticates requests; one per loop.
final class Authenticator {
    private let tokens: TokenVerifier
    private let apiKeys: [(name: String, hash: [UInt8])]
    private let clock: () -> Int64

    /// - Parameter clock: Unix seconds.
    init(tokens: TokenVerifier, apiKeys: [(name: String, key: String)], clock: @escaping () -> Int64) {
        self.tokens = tokens
        self.apiKeys = apiKeys.map { ($0.name, sha256(Array($0.key.utf8))) }
        self.clock = clock
    }

    /// The caller, or `nil` if the request has no credentials.
    ///
    /// - Throws: 401 if the credentials are invalid, 400 if they are sent twice.
    func principal(of request: HTTPRequest) throws(Problem) -> Principal? {
        let service = try service(request)
        guard let bearer = request.headerBytes("authorization") else { return service }
        return try bearerPrincipal(bearer)
    }

    /// Refuses credentials that are wrong on any route, even on one that needs none: two callers in one request, since
    /// a proxy may look at a different one than this server, and an unknown API key, whose owner needs to notice.
    ///
    /// - Throws: 400, 401.
    func check(_ request: HTTPRequest) throws(Problem) { _ = try service(request) }

    /// The service whose key the request carries.
    private func service(_ request: HTTPRequest) throws(Problem) -> Principal? {
        guard !request.repeats("authorization") else { throw Self.sentTwice("Authorization") }
        guard !request.repeats("x-api-key") else { throw Self.sentTwice("X-API-Key") }
        guard !request.repeats("x-on-behalf-of") else { throw Self.sentTwice("X-On-Behalf-Of") }
        guard let key = request.headerBytes("x-api-key") else { return nil }
        // Hashes are compared, against every key, so that timing reveals nothing.
        let hash = sha256(Array(key))
        var found: String?
        for known in apiKeys where constantTimeEquals(known.hash, hash) { found = known.name }
        guard let found else { throw Self.unauthorized("The API key is not known.") }
        return Principal(id: UserID(stored: found), source: .service, roles: ["service"])
    }

    /// The caller of a route that requires credentials.
    func required(_ request: HTTPRequest) throws(Problem) -> Principal {
        guard let principal = try principal(of: request) else {
            throw Self.unauthorized("This call needs an access token or an API key.")
        }
        return principal
    }

    /// The caller of a route for administrators.
    func admin(_ request: HTTPRequest) throws(Problem) -> Principal {
        let principal = try required(request)
        guard principal.isAdmin else { throw Problem(.forbidden, "Only an administrator may do this.") }
        return principal
    }

    /// The user that a request about bookings acts for.
    func user(_ request: HTTPRequest) throws(Problem) -> UserID {
        let principal = try required(request)
        guard principal.isService else { return principal.id }
        guard let bytes = request.headerBytes("x-on-behalf-of") else {
            throw Problem.invalid([("", "A service must name the user in X-On-Behalf-Of.")])
        }
        guard let user = UserID(utf8: bytes) else {
            throw Problem.invalid([("", "X-On-Behalf-Of must be \(UserID.rule).")])
        }
        return user
    }

    private static func sentTwice(_ name: String) -> Problem {
        Problem.invalid([("", "\(name) must be sent once: it identifies the caller.")])
    }

    private func bearerPrincipal(_ header: ArraySlice<UInt8>) throws(Problem) -> Principal {
        guard let token = Self.bearerToken(header) else {
            throw Self.unauthorized("The Authorization header must be a Bearer token.")
        }
        guard let principal = tokens.principal(token, now: clock()) else {
            throw Self.unauthorized("The access token is not valid.")
        }
        return principal
    }

    private static let scheme: StaticString = "bearer "

    private static func bearerToken(_ header: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        let length = scheme.utf8CodeUnitCount
        guard header.count > length else { return nil }
        let isBearer = header.withUnsafeBufferPointer { bytes in
            for index in 0..<length where bytes[index] | 0x20 != scheme.utf8Start[index] { return false }
            return true
        }
        guard isBearer else { return nil }
        // One space or more (RFC 9110, section 11.4).
        return header.dropFirst(length).drop { $0 == UInt8(ascii: " ") }
    }

    // MARK: - Without waiting

    /// The caller by an access token, if the request has no other credentials; `nil` for all other requests, which
    /// `principal` handles.
    func verified(_ request: HTTPRequest) -> VerifiedToken? {
        guard !request.has("x-api-key"), !request.repeats("authorization"), !request.repeats("x-on-behalf-of"),
            let token = request.headerBytes("authorization").flatMap(Self.bearerToken)
        else { return nil }
        return tokens.verified(token, now: clock())
    }

    /// The caller by an access token, as attached by an earlier layer if there was one.
    func verified(_ exchange: HTTPExchange) -> VerifiedToken? {
        exchange.attachment as? VerifiedToken ?? verified(exchange.request)
    }

    /// The caller, if it is a customer: calls of administrators and services are logged, which has to be waited for.
    func customer(of exchange: HTTPExchange) -> VerifiedToken? {
        guard let caller = verified(exchange), !caller.isAdmin, !caller.isService else { return nil }
        return caller
    }

    /// Whether `prepare` has nothing to do for a request.
    func isPrepared(_ request: HTTPRequest) -> Bool {
        guard let token = request.headerBytes("authorization").flatMap(Self.bearerToken) else { return true }
        return tokens.isPrepared(token, now: clock())
    }

    /// Whether `prepare` does anything for any request.
    var needsPreparation: Bool { tokens.needsPreparation }

    /// Fetches the key that verifies a request's token, if an external issuer made the token and the key is not cached.
    /// Routes can then authenticate without waiting.
    func prepare(_ request: HTTPRequest) async {
        guard let token = request.headerBytes("authorization").flatMap(Self.bearerToken) else { return }
        await tokens.prepare(token, now: clock())
    }

    static func unauthorized(_ detail: String) -> Problem {
        Problem(.unauthorized, detail, headers: [("WWW-Authenticate", "Bearer realm=\"usher\"")])
    }
}

/// Fetches the key that verifies a request's token before the request goes to its route.
final class AuthenticatedHandler: HTTPHandler {
    private let authenticator: Authenticator
    private let next: any HTTPHandler

    init(_ authenticator: Authenticator, next: any HTTPHandler) {
        self.authenticator = authenticator
        self.next = next
    }

    func respond(to request: HTTPRequest) async -> HTTPResponse {
        await authenticator.prepare(request)
        return await next.respond(to: request)
    }

    func take(_ exchange: HTTPExchange) -> Bool {
        authenticator.isPrepared(exchange.request) && next.take(exchange)
    }
}
