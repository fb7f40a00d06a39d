/// Says whom an access token names; one per loop.
///
/// A token without a key's name can only be our own, and one with a name only the outside issuer's: neither's keys are
/// ever tried on the other's tokens, and what an issuer does not answer never delays our own.
public final class TokenVerifier {
    private let own: AccessTokens
    private let outside: OutsideIssuer?
    private let revocations: Revocations
    private var cache: TokenCache

    /// A verifier that remembers nothing yet.
    ///
    /// - Parameters:
    ///   - outside: nil when there is no outside issuer.
    ///   - revocations: tokens that are refused before they expire.
    public init(own: AccessTokens, outside: OutsideIssuer?, revocations: Revocations = Revocations()) {
        self.own = own
        self.revocations = revocations
        self.outside = outside
        cache = TokenCache()
    }

    /// Whether there are tokens that `prepare` does anything for.
    public var needsPreparation: Bool { outside != nil }

    /// Fetches the key that a token needs, if it is an outside issuer's and not known; at most a few seconds.
    ///
    /// - Parameter now: Unix seconds.
    public func prepare(_ token: ArraySlice<UInt8>, now: Int64) async {
        guard let outside, cache.principal(token, now: now) == nil, let parsed = JSONWebSignature(token) else {
            return
        }
        await outside.findKey(of: parsed)
    }

    /// Whom a token names, or nil for any doubt. `prepare` comes first where an outside issuer is configured.
    ///
    /// - Parameter now: Unix seconds.
    public func principal(_ token: ArraySlice<UInt8>, now: Int64) -> Principal? {
        if let known = cache.principal(token, now: now) { return revocations.refuse(known.grant) ? nil : known }
        guard let parsed = JSONWebSignature(token) else { return nil }
        let verified = parsed.keyID == nil ? own.verify(parsed, now: now) : outside?.verify(parsed, now: now)
        guard let verified else { return nil }
        cache.remember(token, verified.principal, expires: verified.expires)
        return revocations.refuse(verified.principal.grant) ? nil : verified.principal
    }
}
