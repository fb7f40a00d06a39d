import Cryptography
import HTTPServer

/// Says who sends a request; one per loop.
final class Authenticator {
    private let tokens: AccessTokens
    private let apiKeys: [(name: String, hash: [UInt8])]
    private let clock: () -> Int64
    /// Verified tokens by their bytes, until they expire: checking a signature costs more than a claim.
    private var verified: [ArraySlice<UInt8>: (principal: Principal, expires: Int64)] = [:]

    /// About 2 MB; when it is full it is begun anew.
    private static let cacheLimit = 10_000

    /// - Parameter clock: Unix seconds.
    init(tokens: AccessTokens, apiKeys: [(name: String, key: String)], clock: @escaping () -> Int64) {
        self.tokens = tokens
        self.apiKeys = apiKeys.map { ($0.name, sha256(Array($0.key.utf8))) }
        self.clock = clock
    }

    /// The caller, or `nil` when the request carries no credentials.
    ///
    /// - Throws: 401 when it carries some that are not good.
    func principal(of request: HTTPRequest) throws(Problem) -> Principal? {
        if let bearer = request.headerBytes("authorization") { return try bearerPrincipal(bearer) }
        guard let key = request.header("x-api-key") else { return nil }
        // Compared as hashes, every one of them, so that time tells nothing.
        let hash = sha256(Array(key.utf8))
        var found: String?
        for known in apiKeys where constantTimeEquals(known.hash, hash) { found = known.name }
        guard let found else { throw Self.unauthorized("The API key is not known.") }
        return Principal(id: found, isAdmin: false, isService: true)
    }

    /// The caller of a route that needs one.
    func required(_ request: HTTPRequest) throws(Problem) -> Principal {
        guard let principal = try principal(of: request) else {
            throw Self.unauthorized("This needs an access token.")
        }
        return principal
    }

    /// The caller of a route for administrators.
    func admin(_ request: HTTPRequest) throws(Problem) -> Principal {
        let principal = try required(request)
        guard principal.isAdmin else { throw Problem(403, "forbidden", "This is for administrators.") }
        return principal
    }

    /// The user that a request about bookings is for.
    func user(_ request: HTTPRequest) throws(Problem) -> String {
        let principal = try required(request)
        guard principal.isService else { return principal.id }
        guard let user = request.header("x-on-behalf-of"), (1...128).contains(user.unicodeScalars.count) else {
            throw Problem.invalid([("", "A service must name the user in X-On-Behalf-Of.")])
        }
        return user
    }

    private func bearerPrincipal(_ header: ArraySlice<UInt8>) throws(Problem) -> Principal {
        let scheme = "bearer ".utf8
        guard header.count > scheme.count, zip(header, scheme).allSatisfy({ $0 | 0x20 == $1 }) else {
            throw Self.unauthorized("The Authorization header must be a Bearer token.")
        }
        let token = header.dropFirst(scheme.count)
        let now = clock()
        if let known = verified[token], known.expires > now { return known.principal }
        guard let fresh = tokens.verify(token, now: now) else {
            throw Self.unauthorized("The access token is not valid.")
        }
        if verified.count >= Self.cacheLimit { verified.removeAll(keepingCapacity: true) }
        verified[ArraySlice(Array(token))] = fresh
        return fresh.principal
    }

    static func unauthorized(_ detail: String) -> Problem {
        Problem(401, "unauthorized", detail, headers: [("WWW-Authenticate", "Bearer realm=\"usher\"")])
    }
}
