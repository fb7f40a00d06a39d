import Cryptography
import HTTPClient
import Text

/// An outside identity provider, whose access tokens are accepted in addition to Usher's own.
package final class OutsideIssuer: Sendable {
    private let issuer: String
    private let audience: String
    private let rolesClaim: String
    private let keys: IssuerKeys

    /// Accepted values of `typ`: none, `JWT`, or RFC 9068. OpenID Connect's ID tokens also have `JWT` but are not
    /// access tokens: the audience distinguishes them.
    private static let types: Set<String?> = [nil, "jwt", "at+jwt", "application/at+jwt"]

    /// - Parameters:
    ///   - keysURL: the URL of the JWKS.
    ///   - issuer: the required `iss`.
    ///   - audience: the required `aud`, or element of `aud`.
    ///   - rolesClaim: the claim that contains the roles.
    package convenience init(keysURL: String, issuer: String, audience: String, rolesClaim: String = "roles") {
        let fetch = WebFetch(url: keysURL)
        self.init(keys: IssuerKeys(fetch: { fetch.get() }), issuer: issuer, audience: audience, rolesClaim: rolesClaim)
    }

    init(keys: IssuerKeys, issuer: String, audience: String, rolesClaim: String) {
        self.keys = keys
        self.issuer = issuer
        self.audience = audience
        self.rolesClaim = rolesClaim
    }

    /// Returns when the token's key is cached, or cannot be fetched now.
    func findKey(of token: JSONWebSignature) async {
        if let name = token.keyID { await keys.find(name) }
    }

    /// Verifies a token with its key, if the key is cached: first the signature, then the claims.
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
