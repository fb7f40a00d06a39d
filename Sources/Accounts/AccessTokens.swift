import Booking
import Cryptography
import JSON

/// Our own access tokens: JWS compact (RFC 7515) with HS256 and nothing else, as RFC 8725 advises.
public struct AccessTokens: Sendable {
    private let secret: [UInt8]

    private static let party = "usher"
    private static let type = "at+jwt"

    /// Tokens under a secret of at least 32 bytes.
    public init(secret: [UInt8]) {
        precondition(secret.count >= 32, "the secret has at least 32 bytes")
        self.secret = secret
    }

    /// Signs a token.
    ///
    /// - Parameters:
    ///   - subject: the user's id.
    ///   - now: Unix seconds.
    ///   - lifetime: seconds.
    ///   - session: the session that it is issued in, and the account's generation; `nil` outside of one.
    public func issue(
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
        let header = base64URLEncode(Array("{\"alg\":\"HS256\",\"typ\":\"\(Self.type)\"}".utf8))
        let signed = "\(header).\(base64URLEncode(claims.bytes))"
        return "\(signed).\(base64URLEncode(hmacSHA256(key: secret, message: Array(signed.utf8))))"
    }

    /// Checks a token: the signature first, then what it says.
    ///
    /// - Parameter now: Unix seconds.
    /// - Returns: who it names and until when (Unix seconds), or nil for any doubt.
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
}
