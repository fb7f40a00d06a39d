import Cryptography
import Foundation
import Support
import Testing

@testable import Accounts

@Suite("Tokens of an outside issuer")
struct OutsideIssuerTests {
    private static let now: Int64 = 2_000_000_000
    private static var claims: [String: Any?] {
        [
            "iss": "https://id.example/", "aud": "usher-api", "sub": "auth0|ann", "iat": now, "exp": now + 900,
            "https://example.com/roles": ["admin"], "email": "ann@example.com", "name": "Ann",
        ]
    }
    private static let keys = keySetJSON([SigningKey.rsa.published, SigningKey.p256.published])

    private func principal(
        _ token: String, keys: [UInt8] = Self.keys, rolesClaim: String = "https://example.com/roles"
    ) async -> Principal? {
        let issuer = OutsideIssuer(
            keys: IssuerKeys(fetch: { keys }, clock: { 0 }), issuer: "https://id.example/", audience: "usher-api",
            rolesClaim: rolesClaim)
        let reader = TokenReader(outside: issuer)
        await reader.verifier.prepare(Array(token.utf8)[...], now: Self.now)
        return reader.principal(token, now: Self.now)
    }

    private func with(_ change: [String: Any?]) -> [String: Any?] { Self.claims.merging(change) { $1 } }

    @Test("a token of either algorithm yields its user, and roles from the configured claim")
    func good() async {
        for key in [SigningKey.rsa, SigningKey.p256] {
            let ann = await principal(key.token(Self.claims))
            #expect(
                ann
                    == Principal(
                        id: "auth0|ann", source: .outside, roles: ["admin"], email: "ann@example.com", name: "Ann"))
            #expect(await principal(key.token(Self.claims), rolesClaim: "roles")?.roles == ["customer"])
            #expect(await principal(key.token(with(["aud": ["other", "usher-api"]]))) != nil)
            #expect(await principal(key.token(with(["exp": Self.now - 59, "nbf": Self.now + 60]))) != nil)
            #expect(await principal(key.token(with(["exp": Double(Self.now) + 0.5]))) != nil)
            for type in ["at+jwt", "application/at+jwt", "jwt", nil] as [String?] {
                #expect(await principal(key.token(header: ["typ": type], Self.claims)) != nil)
            }
        }
    }

    @Test("invalid claims are refused", arguments: [SigningKey.rsa, SigningKey.p256])
    func claims(key: SigningKey) async {
        let wrong: [[String: Any?]] = [
            ["iss": nil], ["iss": "https://id.example"], ["iss": ["https://id.example/"]], ["iss": "usher"],
            ["aud": nil], ["aud": "usher"], ["aud": []], ["aud": ["other"]], ["aud": 7], ["sub": nil], ["sub": ""],
            ["exp": nil], ["exp": Self.now - 60], ["exp": "2000000900"], ["exp": 1e300],
            ["nbf": Self.now + 61], ["nbf": "x"], ["iat": Self.now + 61],
        ]
        for change in wrong { #expect(await principal(key.token(with(change))) == nil, "\(change)") }
    }

    @Test("invalid headers are refused", arguments: [SigningKey.rsa, SigningKey.p256])
    func headers(key: SigningKey) async {
        let jwk = SigningKey("attacker", .p256).published
        let wrong: [[String: Any?]] = [
            ["alg": "none"], ["alg": "None"], ["alg": "HS256"], ["alg": "RS512"], ["alg": "PS256"], ["alg": "ES384"],
            ["alg": key.name == "rsa-1" ? "ES256" : "RS256"], ["alg": nil], ["alg": ["RS256"]],
            ["kid": nil], ["kid": "unknown"], ["kid": ""], ["kid": 1], ["kid": key.name == "rsa-1" ? "ec-1" : "rsa-1"],
            ["kid": "../../../dev/null"], ["jwk": jwk], ["jku": "https://evil.example/keys"],
            ["x5u": "https://evil.example/cert"], ["x5c": ["AA"]], ["crit": ["exp"]], ["typ": "id_token+jwt"],
            ["typ": 1],
        ]
        for change in wrong {
            #expect(await principal(key.token(header: change, Self.claims)) == nil, "\(change)")
        }
    }

    @Test("tokens signed with HS256 under a public key are refused")
    func confusion() async throws {
        let secrets = [
            Array(SigningKey.json(SigningKey.rsa.published).utf8),
            try #require(SigningKey.rsa.published["n"].flatMap { base64URLDecode($0) }),
            try #require(SigningKey.p256.published["x"].flatMap { base64URLDecode($0) }), Self.keys, [],
        ]
        for secret in secrets {
            for name in ["rsa-1", "ec-1"] {
                let header = base64URLEncode(Array("{\"alg\":\"HS256\",\"kid\":\"\(name)\"}".utf8))
                let signed = "\(header).\(base64URLEncode(Array(SigningKey.json(Self.claims).utf8)))"
                let code = hmacSHA256(key: secret, message: Array(signed.utf8))
                #expect(await principal("\(signed).\(base64URLEncode(code))") == nil)
            }
        }
    }

    @Test("symmetric keys of a key set are ignored, and our own secret cannot sign for the issuer")
    func symmetricKeys() async {
        let secret = AccountsServer.secret
        let oct = ["kty": "oct", "kid": "shared", "k": base64URLEncode(secret), "alg": "HS256"]
        for kid in ["shared", "rsa-1"] {
            let header = base64URLEncode(Array("{\"alg\":\"HS256\",\"kid\":\"\(kid)\"}".utf8))
            let signed = "\(header).\(base64URLEncode(Array(SigningKey.json(Self.claims).utf8)))"
            let token = "\(signed).\(base64URLEncode(hmacSHA256(key: secret, message: Array(signed.utf8))))"
            #expect(await principal(token, keys: keySetJSON([oct, SigningKey.rsa.published])) == nil)
        }
    }

    @Test("duplicate members in the header or the claims are refused despite a valid signature")
    func duplicates() async {
        let key = SigningKey.p256
        let header = "{\"alg\":\"ES256\",\"kid\":\"ec-1\"}"
        let claims = SigningKey.json(Self.claims)
        #expect(await principal(key.sign(json: header, claims)) != nil)
        #expect(await principal(key.sign(json: header.dropLast() + ",\"kid\":\"ec-1\"}", claims)) == nil)
        #expect(await principal(key.sign(json: header.dropLast() + ",\"alg\":\"ES256\"}", claims)) == nil)
        #expect(await principal(key.sign(json: header, claims.dropLast() + ",\"sub\":\"bob\"}")) == nil)
        #expect(await principal(key.sign(json: header, claims.dropLast() + ",\"a\":{\"b\":1,\"b\":2}}")) == nil)
    }

    @Test("a signature is valid only for its own message, and only in its canonical encoding")
    func signatures() async {
        for key in [SigningKey.rsa, SigningKey.p256] {
            let token = key.token(Self.claims)
            let parts = token.split(separator: ".").map(String.init)
            let bob = base64URLEncode(Array(SigningKey.json(with(["sub": "bob"])).utf8))
            let zeros = base64URLEncode([UInt8](repeating: 0, count: key.name == "rsa-1" ? 256 : 64))
            let stranger = SigningKey(key.name, key.name == "rsa-1" ? .rsa(bits: 2048) : .p256)
            for other in [
                "\(parts[0]).\(bob).\(parts[2])", "\(parts[0]).\(parts[1]).", "\(parts[0]).\(parts[1])",
                "\(parts[0]).\(parts[1]).\(zeros)", "\(parts[0]).\(parts[1]).\(parts[2])=", token + ".",
                "\(parts[0]).\(parts[1]).AAAA\(parts[2])", "\(parts[0]).\(parts[1]).\(parts[2].dropLast(4))",
                stranger.token(Self.claims),
            ] {
                #expect(await principal(other) == nil, "\(other)")
            }
            #expect(await principal(token) != nil)
        }
    }

    @Test("without a key set every token is refused")
    func noKeys() async {
        let issuer = OutsideIssuer(
            keys: IssuerKeys(fetch: { nil }, clock: { 0 }), issuer: "https://id.example/", audience: "usher-api",
            rolesClaim: "roles")
        let reader = TokenReader(outside: issuer)
        let token = SigningKey.rsa.token(Self.claims)
        await reader.verifier.prepare(Array(token.utf8)[...], now: Self.now)
        #expect(reader.principal(token, now: Self.now) == nil)
        #expect(TokenReader().principal(token, now: Self.now) == nil)
    }
}

extension SigningKey: CustomTestStringConvertible {
    var testDescription: String { name }
}
