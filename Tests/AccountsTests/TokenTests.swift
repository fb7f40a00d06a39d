import Cryptography
import Foundation
import Support
import Testing

@testable import Accounts

/// Reads a token's principal through the public interface.
struct TokenReader {
    let verifier: TokenVerifier

    init(outside: OutsideIssuer? = nil) {
        verifier = TokenVerifier(own: AccessTokens(secret: AccountsServer.secret), outside: outside)
    }

    func principal(_ token: String, now: Int64) -> Principal? { verifier.principal(Array(token.utf8)[...], now: now) }
}

@Suite("Own access tokens")
struct TokenTests {
    private static let now: Int64 = 2_000_000_000
    private static let header = "{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}"
    private static let claims =
        "{\"iss\":\"usher\",\"aud\":\"usher\",\"sub\":\"ann\",\"iat\":\(now),\"exp\":\(now + 900)}"

    private static func sign(
        _ header: String = header, _ claims: String = claims, secret: [UInt8] = AccountsServer.secret
    ) -> String {
        let signed = "\(base64URLEncode(Array(header.utf8))).\(base64URLEncode(Array(claims.utf8)))"
        return "\(signed).\(base64URLEncode(hmacSHA256(key: secret, message: Array(signed.utf8))))"
    }

    private static func sign(claims: String) -> String { sign(header, claims) }

    @Test("a token yields its user and roles until it expires, plus a minute of leeway")
    func issues() {
        let token = AccessTokens(secret: AccountsServer.secret).issue(
            subject: "ann", roles: ["customer", "admin"], now: Self.now, lifetime: 900)
        let reader = TokenReader()
        let ann = Principal(id: "ann", source: .own, roles: ["customer", "admin"])
        for offset: Int64 in [0, -60, 899, 959] {
            #expect(TokenReader().principal(token, now: Self.now + offset) == ann)
            #expect(reader.principal(token, now: Self.now + offset) == ann)
        }
        for offset: Int64 in [960, 100_000] {
            #expect(TokenReader().principal(token, now: Self.now + offset) == nil)
            #expect(reader.principal(token, now: Self.now + offset) == nil)
        }
        #expect(TokenReader().principal(token, now: Self.now - 61) == nil)
    }

    @Test(
        "tokens in the issued encoding and in other encodings yield the same principal",
        arguments: [
            "\"roles\":[\"customer\"]", "\"roles\":[\"admin\"]", "\"roles\":[\"customer\",\"admin\"]",
            "\"roles\":[\"admin\",\"customer\"]", "\"roles\":[]", "\"roles\":[\"customer\",\"customer\"]",
            "\"roles\":[\"service\"]", "\"roles\":[\"customer\" ]",
        ])
    func spellings(roles: String) {
        for subject in ["ann", "a b", "", " ", "Zo\\u00eb", "a\\\"b", "a\u{301}", String(repeating: "x", count: 129)] {
            for times in ["\"iat\":\(Self.now),\"exp\":\(Self.now + 900)", "\"iat\":0,\"exp\":0\(Self.now + 900)"] {
                for session in ["", ",\"sid\":\"0190f3c2-6f1e-7a4b-9c1d-2e8f5a7b6c3d\",\"gen\":3"] {
                    let head = "\"iss\":\"usher\",\"aud\":\"usher\",\"sub\":\"\(subject)\",\(roles),"
                    let usual = TokenReader().principal(Self.sign(claims: "{\(head)\(times)\(session)}"), now: Self.now)
                    let other = TokenReader().principal(
                        Self.sign(claims: "{ \(head)\(times)\(session)}"), now: Self.now)
                    #expect(usual == other, "\(subject) \(times) \(session)")
                }
            }
        }
    }

    @Test("the token that the invalid ones are derived from is valid")
    func good() { #expect(TokenReader().principal(Self.sign(), now: Self.now)?.id == "ann") }

    @Test(
        "any other header is refused despite a valid signature",
        arguments: [
            "{\"alg\":\"none\",\"typ\":\"at+jwt\"}", "{\"alg\":\"None\",\"typ\":\"at+jwt\"}",
            "{\"alg\":\"HS512\",\"typ\":\"at+jwt\"}", "{\"alg\":\"RS256\",\"typ\":\"at+jwt\"}",
            "{\"alg\":\"hs256\",\"typ\":\"at+jwt\"}", "{\"typ\":\"at+jwt\"}", "{\"alg\":null,\"typ\":\"at+jwt\"}",
            "{\"alg\":[\"HS256\"],\"typ\":\"at+jwt\"}", "{\"alg\":\"HS256\"}", "{\"alg\":\"HS256\",\"typ\":\"JWT\"}",
            "{\"alg\":\"HS256\",\"alg\":\"HS256\",\"typ\":\"at+jwt\"}",
            "{\"alg\":\"none\",\"alg\":\"HS256\",\"typ\":\"at+jwt\"}",
            "{\"alg\":\"HS256\",\"\\u0061lg\":\"HS256\",\"typ\":\"at+jwt\"}",
            "{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"crit\":[\"exp\"]}",
            "{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"kid\":\"any\"}",
            "{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"kid\":1}",
            "{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"jwk\":{\"kty\":\"oct\",\"k\":\"AA\"}}",
            "{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"jku\":\"https://evil.example/keys\"}",
            "{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"x5u\":\"https://evil.example/cert\"}",
            "{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"x5c\":[]}", "[]", "\"HS256\"", "", "{", "{} {}",
        ])
    func headers(header: String) { #expect(TokenReader().principal(Self.sign(header), now: Self.now) == nil) }

    @Test(
        "invalid claims are refused despite a valid signature",
        arguments: [
            "{}", "[]", "", "null", "{\"iss\":\"usher\",\"aud\":\"usher\",\"sub\":\"ann\"}",
            "{\"iss\":\"other\",\"aud\":\"usher\",\"sub\":\"ann\",\"exp\":2000000900}",
            "{\"iss\":\"usher\",\"aud\":\"other\",\"sub\":\"ann\",\"exp\":2000000900}",
            "{\"aud\":\"usher\",\"sub\":\"ann\",\"exp\":2000000900}",
            "{\"iss\":\"usher\",\"sub\":\"ann\",\"exp\":2000000900}",
            "{\"iss\":\"usher\",\"aud\":\"usher\",\"exp\":2000000900}",
            "{\"iss\":\"usher\",\"aud\":\"usher\",\"sub\":\"\",\"exp\":2000000900}",
            "{\"iss\":\"usher\",\"aud\":\"usher\",\"sub\":7,\"exp\":2000000900}",
            "{\"iss\":\"usher\",\"aud\":\"usher\",\"sub\":\"a\\u0000b\",\"exp\":2000000900}",
            "{\"iss\":\"usher\",\"aud\":\"usher\",\"sub\":\"ann\",\"exp\":\"2000000900\"}",
            "{\"iss\":\"usher\",\"aud\":\"usher\",\"sub\":\"ann\",\"exp\":1e300}",
            "{\"iss\":\"usher\",\"aud\":\"usher\",\"sub\":\"ann\",\"exp\":-1}",
            "{\"iss\":\"usher\",\"aud\":\"usher\",\"sub\":\"ann\",\"exp\":1999999940}",
            "{\"iss\":\"usher\",\"aud\":\"usher\",\"sub\":\"ann\",\"exp\":2000000900,\"nbf\":2000000061}",
            "{\"iss\":\"usher\",\"aud\":\"usher\",\"sub\":\"ann\",\"exp\":2000000900,\"nbf\":\"now\"}",
            "{\"iss\":\"usher\",\"aud\":\"usher\",\"sub\":\"ann\",\"exp\":2000000900,\"iat\":2000000061}",
            "{\"iss\":\"usher\",\"aud\":\"usher\",\"sub\":\"ann\",\"sub\":\"bob\",\"exp\":2000000900}",
            "{\"iss\":\"usher\",\"aud\":\"usher\",\"sub\":\"ann\",\"exp\":2000000900} ,",
        ])
    func claims(claims: String) {
        #expect(TokenReader().principal(Self.sign(Self.header, claims), now: Self.now) == nil)
    }

    @Test("a user id has at most 128 characters")
    func subjects() {
        func named(_ subject: String) -> Principal? {
            let claims = Self.claims.replacing("ann", with: subject)
            return TokenReader().principal(Self.sign(Self.header, claims), now: Self.now)
        }
        #expect(named(String(repeating: "ä", count: 128)) != nil)
        #expect(named(String(repeating: "ä", count: 129)) == nil)
    }

    @Test("every other encoding of a valid token is refused, and every token with a changed byte")
    func spellings() {
        let token = Self.sign()
        let parts = token.split(separator: ".").map(String.init)
        let reader = TokenReader()
        for other in [
            "", ".", "..", "...", parts[0], "\(parts[0]).\(parts[1])", "\(parts[0]).\(parts[1]).", token + ".",
            token + ".\(parts[2])", " " + token, token + " ", token + "=", token + "\n", token.uppercased(),
            "\(parts[0])=.\(parts[1]).\(parts[2])", "\(parts[0])\n.\(parts[1]).\(parts[2])",
            "\(parts[0])..\(parts[2])", ".\(parts[1]).\(parts[2])",
            Self.sign(secret: Array("another secret that is long enough".utf8)), Self.sign(secret: []),
            token + String(repeating: "A", count: 8192),
        ] {
            #expect(reader.principal(other, now: Self.now) == nil, "\(other)")
        }
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        let characters = Array(token)
        for index in characters.indices where characters[index] != "." {
            var changed = characters
            // The last digit of the signature has two unused bits: only one value of them is valid.
            guard let digit = digits.firstIndex(of: characters[index]) else { continue }
            changed[index] = digits[digit ^ 1]
            #expect(reader.principal(String(changed), now: Self.now) == nil, "byte \(index)")
        }
        #expect(reader.principal(token, now: Self.now) != nil)
    }

    @Test("unknown roles are ignored, and a user without a role is a customer")
    func roles() {
        func roles(_ json: String) -> [String]? {
            let claims = String(Self.claims.dropLast()) + ",\"roles\":\(json)}"
            return TokenReader().principal(Self.sign(Self.header, claims), now: Self.now)?.roles
        }
        #expect(roles("[\"admin\"]") == ["admin"])
        #expect(roles("[\"root\",\"customer\"]") == ["customer"])
        #expect(roles("[]") == ["customer"])
        #expect(roles("[\"service\",\"Admin\",7]") == ["customer"])
        #expect(roles("\"customer admin\"") == ["customer", "admin"])
        #expect(roles("{\"admin\":true}") == ["customer"])
    }
}

@Suite("Verified tokens")
struct TokenCacheTests {
    private let ann = Principal(id: "ann", source: .own, roles: ["customer"])

    @Test("are cached until they expire")
    func expires() {
        var cache = TokenCache()
        cache.remember([1, 2], ann, expires: 100)
        #expect(cache.principal([0, 1, 2][1...], now: 99) == ann)
        #expect(cache.principal([1, 2], now: 100) == nil)
        #expect(cache.count == 0)
        #expect(cache.principal([1, 2], now: 99) == nil)
    }

    @Test("stay within the limits of entries and bytes")
    func bounded() {
        var few = TokenCache(maximumEntries: 3, maximumBytes: 1000)
        for byte: UInt8 in 0..<10 {
            few.remember([byte], ann, expires: 100)
            #expect(few.count <= 3)
            #expect(few.principal([byte], now: 1) == ann)
        }
        var small = TokenCache(maximumEntries: 1000, maximumBytes: 100)
        for byte: UInt8 in 0..<10 {
            small.remember(ArraySlice(repeating: byte, count: 40), ann, expires: 100)
            #expect(small.count <= 2)
        }
        for byte: UInt8 in 0..<10 { _ = small.principal(ArraySlice(repeating: byte, count: 40), now: 100) }
        #expect(small.count == 0)
        for byte: UInt8 in 0..<2 { small.remember(ArraySlice(repeating: byte, count: 40), ann, expires: 100) }
        #expect(small.count == 2)
    }

    @Test("are evicted one by one when there are too many, first those not used again")
    func leavesOneByOne() {
        var cache = TokenCache(maximumEntries: 4, maximumBytes: 1000)
        func token(_ number: UInt8) -> ArraySlice<UInt8> { ArraySlice(repeating: number, count: 20) }
        for number: UInt8 in 0..<4 { cache.remember(token(number), ann, expires: 100) }
        #expect(cache.principal(token(0), now: 1) == ann)
        cache.remember(token(4), ann, expires: 100)
        #expect(cache.count == 4)
        #expect(cache.principal(token(0), now: 1) == ann)
        #expect(cache.principal(token(1), now: 1) == nil)
        for number: UInt8 in 2...4 { #expect(cache.principal(token(number), now: 1) == ann) }
    }

    @Test("are found among many while others are removed")
    func many() {
        var cache = TokenCache(maximumEntries: 200, maximumBytes: 1 << 20)
        var random = SplitMix(seed: 7)
        func token(_ number: Int) -> ArraySlice<UInt8> { Array("a token of somebody, number \(number)".utf8)[...] }
        var expiries: [Int: Int64] = [:]
        for now: Int64 in 0..<5000 {
            let number = Int(random.next() % 400)
            if let expires = expiries[number], expires <= now {
                #expect(cache.principal(token(number), now: now) == nil)
            }
            if cache.find(token(number), now: now) == nil {
                expiries[number] = now + 50
                cache.remember(token(number), ann, expires: now + 50)
            }
            #expect(cache.principal(token(number), now: now) == ann)
            #expect(cache.count <= 200)
        }
    }

    private struct SplitMix {
        var state: UInt64
        init(seed: UInt64) { state = seed }
        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            let value = (state ^ state >> 30) &* 0xbf58_476d_1ce4_e5b9
            return value ^ value >> 31
        }
    }
}
