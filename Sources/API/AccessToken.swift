import Cryptography
import HTTPServer
import JSON

/// Who asks.
public struct Principal: Sendable {
    /// The user's id, or the service's name.
    public let id: String
    /// Whether it may do what only administrators may.
    public let isAdmin: Bool
    /// Whether it came with an API key.
    public let isService: Bool
}

/// Our own access tokens: JWS compact (RFC 7515) with HS256 and nothing else, as RFC 8725 advises.
public struct AccessTokens: Sendable {
    private let secret: [UInt8]

    /// Both sides' clocks may differ by this.
    private static let leewaySeconds: Int64 = 60
    /// Longer tokens are refused before anything is done with them.
    static let maximumBytes = 8192

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
    public func issue(subject: String, roles: [String], now: Int64, lifetime: Int64) -> String {
        var claims = JSONWriter()
        claims.beginObject()
        claims.member("iss", "usher")
        claims.member("aud", "usher")
        claims.member("sub", subject)
        claims.key("roles")
        claims.beginArray()
        for role in roles { claims.string(role) }
        claims.endArray()
        claims.member("iat", now)
        claims.member("exp", now + lifetime)
        claims.endObject()
        let header = base64URLEncode(Array("{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}".utf8))
        let signed = "\(header).\(base64URLEncode(claims.bytes))"
        return "\(signed).\(base64URLEncode(hmacSHA256(key: secret, message: Array(signed.utf8))))"
    }

    /// Checks a token: the signature first, then what it says.
    ///
    /// - Parameter now: Unix seconds.
    /// - Returns: who it names and until when (Unix seconds), or `nil` for any doubt.
    func verify(_ token: ArraySlice<UInt8>, now: Int64) -> (principal: Principal, expires: Int64)? {
        guard token.count <= Self.maximumBytes else { return nil }
        let parts = token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let signature = base64URLDecode(utf8: parts[2]) else { return nil }
        let signed = Array(token[..<parts[1].endIndex])
        guard constantTimeEquals(signature, hmacSHA256(key: secret, message: signed)) else { return nil }
        guard let header = object(parts[0]), text(header, "alg") == "HS256", text(header, "typ") == "at+jwt",
            !header.contains(where: { $0.name == "crit" }), let claims = object(parts[1])
        else { return nil }
        return principal(claims, now: now)
    }

    private func principal(
        _ claims: [(name: String, value: JSONValue)], now: Int64
    ) -> (principal: Principal, expires: Int64)? {
        guard text(claims, "iss") == "usher", text(claims, "aud") == "usher", let subject = text(claims, "sub"),
            (1...128).contains(subject.unicodeScalars.count), let expires = integer(claims, "exp"),
            expires > now - Self.leewaySeconds, (integer(claims, "iat") ?? now) <= now + Self.leewaySeconds,
            (integer(claims, "nbf") ?? now) <= now + Self.leewaySeconds
        else { return nil }
        var isAdmin = false
        if case .array(let roles)? = claims.first(where: { $0.name == "roles" })?.value {
            isAdmin = roles.contains { if case .string("admin") = $0 { true } else { false } }
        }
        return (Principal(id: subject, isAdmin: isAdmin, isService: false), expires + Self.leewaySeconds)
    }

    private func object(_ part: ArraySlice<UInt8>) -> [(name: String, value: JSONValue)]? {
        guard let bytes = base64URLDecode(utf8: part), case .object(let members)? = try? JSONReader.read(bytes) else {
            return nil
        }
        return members
    }

    private func text(_ members: [(name: String, value: JSONValue)], _ name: String) -> String? {
        if case .string(let text)? = members.first(where: { $0.name == name })?.value { return text }
        return nil
    }

    private func integer(_ members: [(name: String, value: JSONValue)], _ name: String) -> Int64? {
        if case .integer(let number)? = members.first(where: { $0.name == name })?.value { return number }
        return nil
    }
}
