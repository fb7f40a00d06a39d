import Foundation
import Support
import Testing

@testable import Accounts

@Suite("An outside issuer over HTTP", .serialized)
struct IssuerRoutesTests {
    private static var claims: [String: Any?] {
        let now = Int64(Date().timeIntervalSince1970)
        return [
            "iss": "https://id.example/", "aud": "usher-api", "sub": "auth0|ann", "iat": now, "exp": now + 900,
            "roles": ["admin"], "email": "ann@example.com", "name": "Ann",
        ]
    }

    private func with(
        _ keys: [UInt8], _ body: (AccountsServer, Issuer) async throws -> Void
    ) async throws {
        let issuer = try await Issuer(keys)
        let server = try await AccountsServer(
            AccountsConfiguration(
                outside: OutsideIssuer(
                    keysURL: issuer.url, issuer: "https://id.example/", audience: "usher-api")))
        do {
            try await body(server, issuer)
        } catch {
            Issue.record(error)
        }
        await server.stop()
        await issuer.stop()
    }

    @Test("its tokens are accepted in addition to our own; its keys are fetched once")
    func good() async throws {
        try await with(keySetJSON([SigningKey.rsa.published, SigningKey.p256.published])) { server, issuer in
            let own = try server.register("own")
            #expect(issuer.requests == 0)
            for key in [SigningKey.rsa, SigningKey.p256] {
                let me = try server.send("GET", "/v1/auth/me", token: key.token(Self.claims))
                #expect(me.status == 200)
                #expect(me.json["id"] as? String == "auth0|ann")
                #expect(me.json["email"] as? String == "ann@example.com")
                #expect(me.json["name"] as? String == "Ann")
                #expect(me.json["roles"] as? [String] == ["admin"])
            }
            #expect(try server.send("GET", "/v1/auth/me", token: own.accessToken).status == 200)
            #expect(issuer.requests == 1)
        }
    }

    @Test("its user with the id of one of our accounts does not get that account's data")
    func sameID() async throws {
        try await with(keySetJSON([SigningKey.rsa.published])) { server, _ in
            let own = try server.register("mine")
            let id = try #require(
                server.send("GET", "/v1/auth/me", token: own.accessToken).json["id"] as? String)
            var claims = Self.claims
            claims["sub"] = id
            let me = try server.send("GET", "/v1/auth/me", token: SigningKey.rsa.token(claims))
            #expect(me.json["id"] as? String == id)
            #expect(me.json["email"] as? String == "ann@example.com")
        }
    }

    @Test("foreign or invalid tokens get 401, and invented key names cause one request to the issuer")
    func refusals() async throws {
        try await with(keySetJSON([SigningKey.rsa.published])) { server, issuer in
            let key = SigningKey.rsa
            func claims(_ change: [String: Any?]) -> [String: Any?] { Self.claims.merging(change) { $1 } }
            let now = Int64(Date().timeIntervalSince1970)
            let wrong = [
                key.token(claims(["iss": "https://other.example/"])), key.token(claims(["aud": "other"])),
                key.token(claims(["exp": now - 600])), key.token(claims(["nbf": now + 600])),
                key.token(header: ["kid": "unknown"], Self.claims), key.token(header: ["alg": "none"], Self.claims),
                key.token(header: ["jku": issuer.url], Self.claims), SigningKey.p256.token(Self.claims),
                key.token(Self.claims) + "=", "a.b.c",
            ]
            for token in wrong {
                let answer = try server.send("GET", "/v1/auth/me", token: token)
                #expect(answer.status == 401, "\(token)")
                #expect(answer.json["code"] as? String == "unauthorized")
                #expect(answer["www-authenticate"] != nil)
            }
            for index in 0..<20 {
                let token = key.token(header: ["kid": "invented-\(index)"], Self.claims)
                #expect(try server.send("GET", "/v1/auth/me", token: token).status == 401)
            }
            #expect(issuer.requests == 1)
            #expect(try server.send("GET", "/v1/auth/me", token: key.token(Self.claims)).status == 200)
        }
    }

    @Test("an unavailable issuer does not affect our own tokens")
    func away() async throws {
        try await with([]) { server, issuer in
            issuer.answer(503, [])
            let own = try server.register("unharmed")
            #expect(try server.send("GET", "/v1/auth/me", token: SigningKey.rsa.token(Self.claims)).status == 401)
            #expect(try server.send("GET", "/v1/auth/me", token: own.accessToken).status == 200)
        }
    }

    @Test("thirty parallel requests with an unknown key are all served after one fetch")
    func parallel() async throws {
        try await with(keySetJSON([SigningKey.p256.published])) { server, issuer in
            let statuses = Collected<Int>()
            // Below the limit of requests that wait for one fetch.
            let tokens = (0..<30).map { index in
                SigningKey.p256.token(Self.claims.merging(["sub": "u\(index)"]) { $1 })
            }
            await onThreads(30) { index in
                statuses.add((try? server.send("GET", "/v1/auth/me", token: tokens[index]))?.status ?? 0)
            }
            #expect(statuses.all == Array(repeating: 200, count: 30))
            #expect(issuer.requests == 1)
        }
    }
}
