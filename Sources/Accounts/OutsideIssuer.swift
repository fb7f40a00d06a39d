import Cryptography
import Text
import WebClient

/// An outside identity provider, whose access tokens are taken beside our own.
public final class OutsideIssuer: Sendable {
    private let issuer: String
    private let audience: String
    private let rolesClaim: String
    private let keys: IssuerKeys

    /// What such tokens call themselves: nothing, the usual, or RFC 9068. An ID token of OpenID Connect is no access
    /// token, but says `JWT` too: the audience tells them apart.
    private static let types: Set<String?> = [nil, "jwt", "at+jwt", "application/at+jwt"]

    /// An issuer whose keys are at an address.
    ///
    /// - Parameters:
    ///   - keysURL: of its JWKS.
    ///   - issuer: what `iss` must be.
    ///   - audience: what `aud` must be or hold.
    ///   - rolesClaim: the member that tells roles.
    public convenience init(keysURL: String, issuer: String, audience: String, rolesClaim: String = "roles") {
        let fetch = WebFetch(url: keysURL)
        self.init(keys: IssuerKeys(fetch: { fetch.get() }), issuer: issuer, audience: audience, rolesClaim: rolesClaim)
    }

    init(keys: IssuerKeys, issuer: String, audience: String, rolesClaim: String) {
        self.keys = keys
        self.issuer = issuer
        self.audience = audience
        self.rolesClaim = rolesClaim
    }

    /// Comes back when the key that a token names is known, or cannot be had now.
    func findKey(of token: JSONWebSignature) async {
        if let name = token.keyID { await keys.find(name) }
    }

    /// Checks a token with the key that it names, if that is known: the signature first, then what it says.
    func verify(_ token: JSONWebSignature, now: Int64) -> (principal: Principal, expires: Int64)? {
        guard let name = token.keyID, let key = keys[name], token.isSigned(by: key),
            Self.types.contains(token.type?.lowercased()), let claims = TokenClaims(token.payload),
            claims.text("iss")?.isSame(as: issuer) == true, claims.isFor(audience), let subject = claims.subject,
            let expires = claims.expiry(now: now)
        else { return nil }
        let principal = Principal(
            id: subject, source: .outside, roles: claims.roles(rolesClaim), email: claims.text("email"),
            name: claims.text("name"))
        return (principal, expires)
    }
}
