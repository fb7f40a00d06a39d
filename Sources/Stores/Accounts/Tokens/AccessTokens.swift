import BoxOffice
import Cryptography
import JSON

/// Usher's own access tokens: JWS compact serialization (RFC 7515), HS256 only, as RFC 8725 advises.
package struct AccessTokens: Sendable {
    private let secret: HMACKey

    private static let party = "usher"
    private static let type = "at+jwt"
    /// The encoded header of every token that is issued here, including the dot after it.
    private static let header = base64URLEncode(Array("{\"alg\":\"HS256\",\"typ\":\"\(type)\"}".utf8)) + "."
    private static let headerBytes = Array(header.utf8)

    /// - Parameter secret: at least 32 bytes.
    package init(secret: [UInt8]) {
        precondition(secret.count >= 32, "the secret has at least 32 bytes")
        self.secret = HMACKey(secret)
    }

    /// Signs a token.
    ///
    /// - Parameters:
    ///   - subject: the user's id.
    ///   - now: Unix seconds.
    ///   - lifetime: seconds.
    ///   - session: the session in which the token is issued, and the account's generation; `nil` without a session.
    package func issue(
        subject: String, roles: [String], now: Int64, lifetime: Int64,
        session: (id: String, generation: Int64)? = nil
    ) -> String {
        var claims = JSONWriter()
        claims.beginObject()
        claims.member("iss", Self.party)
        claims.member("aud", Self.party)
        claims.member("sub", subject)
        claims.key("roles")
        claims.beginArray()
        for role in roles { claims.string(role) }
        claims.endArray()
        claims.member("iat", now)
        claims.member("exp", now + lifetime)
        if let session {
            claims.member("sid", session.id)
            claims.member("gen", session.generation)
        }
        claims.endObject()
        let signed = "\(Self.header)\(base64URLEncode(claims.bytes))"
        return "\(signed).\(base64URLEncode(secret.code(of: Array(signed.utf8))))"
    }

    /// Verifies a token: first the signature, then the claims.
    ///
    /// - Parameter now: Unix seconds.
    /// - Returns: the principal and the token's expiry (Unix seconds), or `nil` if any check fails.
    func verify(_ token: JSONWebSignature, now: Int64) -> (principal: Principal, expires: Int64)? {
        guard token.isSigned(with: secret), token.type == Self.type, let claims = TokenClaims(token.payload),
            claims.text("iss") == Self.party, claims.text("aud") == Self.party, let subject = claims.subject,
            let expires = claims.expiry(now: now)
        else { return nil }
        let grant = TokenGrant(
            account: UUIDBytes(subject.text), session: claims.text("sid").flatMap { UUIDBytes($0) },
            generation: claims.integer("gen") ?? 0)
        return (Principal(id: subject, source: .own, roles: claims.roles("roles"), grant: grant), expires)
    }

    // MARK: - The usual token

    /// Whether a token has the header of tokens that are issued here.
    func hasOwnHeader(_ token: ArraySlice<UInt8>) -> Bool { token.starts(with: Self.headerBytes) }

    /// Fast path of `verify`: accepts only the exact encoding that `issue` produces, and leaves every other token,
    /// valid or not, to `verify`. In an on-sale most clients come once, so the token cache does not save this cost.
    ///
    /// - Returns: the same as `verify`; `nil` also for tokens that may be valid.
    func verifyCanonical(_ token: ArraySlice<UInt8>, now: Int64) -> (principal: Principal, expires: Int64)? {
        guard token.count <= JSONWebSignature.maximumBytes, hasOwnHeader(token),
            let point = token.lastIndex(of: UInt8(ascii: ".")), point >= token.startIndex + Self.headerBytes.count,
            let signature = base64URLDecode(utf8: token[(point + 1)...]),
            let payload = base64URLDecode(utf8: token[(token.startIndex + Self.headerBytes.count)..<point])
        else { return nil }
        let isSigned = unsafe token[..<point].withUnsafeBytes { signed in
            unsafe signature.withUnsafeBytes { unsafe secret.verifies($0, of: signed) }
        }
        guard isSigned, let claims = CanonicalClaims(payload), claims.expires > now - TokenClaims.leeway,
            claims.issued <= now + TokenClaims.leeway
        else { return nil }
        return (claims.principal, claims.expires + TokenClaims.leeway)
    }
}
