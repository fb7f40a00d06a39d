import Booking
import Cryptography
import JSON

/// Our own access tokens: JWS compact (RFC 7515) with HS256 and nothing else, as RFC 8725 advises.
public struct AccessTokens: Sendable {
    private let secret: HMACKey

    private static let party = "usher"
    private static let type = "at+jwt"
    /// The first part of every token that is issued here, and the point behind it.
    private static let header = base64URLEncode(Array("{\"alg\":\"HS256\",\"typ\":\"\(type)\"}".utf8)) + "."
    private static let headerBytes = Array(header.utf8)

    /// Tokens under a secret of at least 32 bytes.
    public init(secret: [UInt8]) {
        precondition(secret.count >= 32, "the secret has at least 32 bytes")
        self.secret = HMACKey(secret)
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
        let signed = "\(Self.header)\(base64URLEncode(claims.bytes))"
        return "\(signed).\(base64URLEncode(secret.code(of: Array(signed.utf8))))"
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

    // MARK: - The usual token

    /// Whether a token begins as those do that are issued here.
    func haveHeader(_ token: ArraySlice<UInt8>) -> Bool { token.starts(with: Self.headerBytes) }

    /// Checks a token as it is issued here, spelt exactly so; anything else, right or wrong, is left to `verify`, which knows
    /// every spelling. Somebody who comes once in an on-sale costs this once.
    ///
    /// - Returns: as `verify` does; nil also for a token that may be good.
    func verifyUsual(_ token: ArraySlice<UInt8>, now: Int64) -> (principal: Principal, expires: Int64)? {
        guard token.count <= JSONWebSignature.maximumBytes, haveHeader(token),
            let point = token.lastIndex(of: UInt8(ascii: ".")), point >= token.startIndex + Self.headerBytes.count,
            let signature = base64URLDecode(utf8: token[(point + 1)...]),
            let payload = base64URLDecode(utf8: token[(token.startIndex + Self.headerBytes.count)..<point])
        else { return nil }
        let isSigned = unsafe token[..<point].withUnsafeBytes { signed in
            unsafe signature.withUnsafeBytes { unsafe secret.verifies($0, of: signed) }
        }
        guard isSigned, let claims = UsualClaims(payload), claims.expires > now - TokenClaims.leeway,
            claims.issued <= now + TokenClaims.leeway
        else { return nil }
        return (claims.principal, claims.expires + TokenClaims.leeway)
    }
}
