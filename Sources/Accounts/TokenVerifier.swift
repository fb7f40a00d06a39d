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
        guard let outside, cache.find(token, now: now) == nil, let parsed = JSONWebSignature(token) else { return }
        await outside.findKey(of: parsed)
    }

    /// Whether `prepare` has nothing to do for this token, so that nobody need wait for it.
    ///
    /// - Parameter now: Unix seconds.
    public func isPrepared(_ token: ArraySlice<UInt8>, now: Int64) -> Bool {
        outside == nil || cache.find(token, now: now) != nil || own.haveHeader(token)
    }

    /// Whom a token names, or nil for any doubt. `prepare` comes first where an outside issuer is configured.
    ///
    /// - Parameter now: Unix seconds.
    public func principal(_ token: ArraySlice<UInt8>, now: Int64) -> Principal? { verified(token, now: now)?.principal }

    /// The same, as it is remembered.
    public func verified(_ token: ArraySlice<UInt8>, now: Int64) -> VerifiedToken? {
        if let known = cache.find(token, now: now) { return unrevoked(known) }
        guard let (principal, expires) = own.verifyUsual(token, now: now) ?? verifyAny(token, now: now) else {
            return nil
        }
        return unrevoked(cache.remember(token, principal, expires: expires))
    }

    private func verifyAny(_ token: ArraySlice<UInt8>, now: Int64) -> (principal: Principal, expires: Int64)? {
        guard let parsed = JSONWebSignature(token) else { return nil }
        return parsed.keyID == nil ? own.verify(parsed, now: now) : outside?.verify(parsed, now: now)
    }

    private func unrevoked(_ token: VerifiedToken) -> VerifiedToken? {
        revocations.refuse(token.principal.grant) ? nil : token
    }
}
