import Accounts
import Booking
import Cryptography
import HTTPServer

/// Says who sends a request; one per loop.
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

    /// The caller, or `nil` when the request carries no credentials.
    ///
    /// - Throws: 401 when it carries some that are not good, 400 when it names its caller twice.
    func principal(of request: HTTPRequest) throws(Problem) -> Principal? {
        let service = try service(request)
        guard let bearer = request.headerBytes("authorization") else { return service }
        return try bearerPrincipal(bearer)
    }

    /// Refuses what is not good on any route, also on one that needs no credentials: two callers in one request, since
    /// a proxy may look at another of them than this server does, and an API key that is not known, whose owner is to
    /// find out.
    ///
    /// - Throws: 400, 401.
    func check(_ request: HTTPRequest) throws(Problem) { _ = try service(request) }

    /// The service whose key the request carries.
    private func service(_ request: HTTPRequest) throws(Problem) -> Principal? {
        guard !request.repeats("authorization") else { throw Self.sentTwice("Authorization") }
        guard !request.repeats("x-api-key") else { throw Self.sentTwice("X-API-Key") }
        guard !request.repeats("x-on-behalf-of") else { throw Self.sentTwice("X-On-Behalf-Of") }
        guard let key = request.headerBytes("x-api-key") else { return nil }
        // Compared as hashes, every one of them, so that time tells nothing.
        let hash = sha256(Array(key))
        var found: String?
        for known in apiKeys where constantTimeEquals(known.hash, hash) { found = known.name }
        guard let found else { throw Self.unauthorized("The API key is not known.") }
        return Principal(id: UserID(stored: found), source: .service, roles: ["service"])
    }

    /// The caller of a route that needs one.
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

    /// The user that a request about bookings is for.
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
        Problem.invalid([("", "\(name) must be sent once: it says who calls.")])
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

    /// The caller by an access token, where a request says nothing else of who calls; `nil` for everybody else, whom
    /// `principal` knows.
    func verified(_ request: HTTPRequest) -> VerifiedToken? {
        guard !request.has("x-api-key"), !request.repeats("authorization"), !request.repeats("x-on-behalf-of"),
            let token = request.headerBytes("authorization").flatMap(Self.bearerToken)
        else { return nil }
        return tokens.verified(token, now: clock())
    }

    /// The same once a layer in front has asked.
    func verified(_ exchange: HTTPExchange) -> VerifiedToken? {
        exchange.attachment as? VerifiedToken ?? verified(exchange.request)
    }

    /// The caller, if that is a customer: what administrators and services do is on record, and waits for it.
    func customer(of exchange: HTTPExchange) -> VerifiedToken? {
        guard let caller = verified(exchange), !caller.isAdmin, !caller.isService else { return nil }
        return caller
    }

    /// Whether `prepare` has nothing to do for a request.
    func isPrepared(_ request: HTTPRequest) -> Bool {
        guard let token = request.headerBytes("authorization").flatMap(Self.bearerToken) else { return true }
        return tokens.isPrepared(token, now: clock())
    }

    /// Whether there are requests that `prepare` does anything for.
    var needsPreparation: Bool { tokens.needsPreparation }

    /// Fetches the key that a request's token needs, if that is an outside issuer's and not known: a wait that routes,
    /// which ask who sends a request without waiting, are spared.
    func prepare(_ request: HTTPRequest) async {
        guard let token = request.headerBytes("authorization").flatMap(Self.bearerToken) else { return }
        await tokens.prepare(token, now: clock())
    }

    static func unauthorized(_ detail: String) -> Problem {
        Problem(.unauthorized, detail, headers: [("WWW-Authenticate", "Bearer realm=\"usher\"")])
    }
}

/// Makes sure, before a request goes to its route, that its sender's key is at hand.
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
