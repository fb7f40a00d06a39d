/// Verifies access tokens. One instance per loop.
///
/// A token without a key name (`kid`) can only be Usher's own, a token with one only the outside issuer's. So keys are
/// never tried on the other side's tokens, and an unresponsive issuer never delays Usher's own tokens.
package final class TokenVerifier {
    private let own: AccessTokens
    private let outside: OutsideIssuer?
    private let revocations: Revocations
    private var cache: TokenCache

    /// Creates a verifier with an empty cache.
    ///
    /// - Parameters:
    ///   - outside: `nil` without an outside issuer.
    ///   - revocations: tokens that are refused before they expire.
    package init(own: AccessTokens, outside: OutsideIssuer?, revocations: Revocations = Revocations()) {
        self.own = own
        self.revocations = revocations
        self.outside = outside
        cache = TokenCache()
    }

    /// Whether any token needs `prepare`.
    package var needsPreparation: Bool { outside != nil }

    /// Fetches the key of an outside issuer's token if it is not cached. Takes a few seconds at most.
    ///
    /// - Parameter now: Unix seconds.
    package func prepare(_ token: ArraySlice<UInt8>, now: Int64) async {
        guard let outside, cache.find(token, now: now) == nil, let parsed = JSONWebSignature(token) else { return }
        await outside.findKey(of: parsed)
    }

    /// Whether this token does not need `prepare`.
    ///
    /// - Parameter now: Unix seconds.
    package func isPrepared(_ token: ArraySlice<UInt8>, now: Int64) -> Bool {
        outside == nil || cache.find(token, now: now) != nil || own.hasOwnHeader(token)
    }

    /// The principal of a token; `nil` if any check fails. Call `prepare` first if an outside issuer is configured.
    ///
    /// - Parameter now: Unix seconds.
    package func principal(_ token: ArraySlice<UInt8>, now: Int64) -> Principal? {
        verified(token, now: now)?.principal
    }

    /// The verified token, from the cache or added to it; `nil` if any check fails.
    package func verified(_ token: ArraySlice<UInt8>, now: Int64) -> VerifiedToken? {
        if let known = cache.find(token, now: now) { return unrevoked(known) }
        guard let (principal, expires) = own.verifyCanonical(token, now: now) ?? verifyAny(token, now: now) else {
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
