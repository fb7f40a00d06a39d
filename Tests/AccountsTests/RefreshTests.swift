import Foundation
import Support
import Testing

@testable import Accounts

@Suite("Refresh tokens over HTTP", .accounts())
struct RefreshTests {
    /// Backdates a token's exchange.
    private func age(_ token: String, seconds: Int, on server: AccountsServer) throws {
        let hash = try #require(RefreshToken(token)).hash.map { String(format: "%02x", $0) }.joined()
        try server.query(
            "UPDATE refresh_tokens SET used_at = used_at - interval '\(seconds) s' WHERE hash = '\\x\(hash)'")
    }

    @Test("a token is exchanged for a new pair, and is stored as a hash only")
    func rotates() throws {
        let server = try AccountsServer.current
        let login = try server.register("rotates")
        let answer = try server.refresh(login.refreshToken)
        #expect(answer.status == 200)
        #expect(answer["cache-control"] == "no-store")
        let next = try Login(answer)
        #expect(next.refreshToken != login.refreshToken)
        #expect(try server.send("GET", "/v1/auth/me", token: next.accessToken).json["name"] as? String == "rotates")
        #expect(try server.refresh(next.refreshToken).status == 200)
        for table in ["users", "refresh_families", "refresh_tokens"] {
            let stored = try server.rows("SELECT t::text FROM \(table) t").joined()
            for token in [login.refreshToken, next.refreshToken] {
                let hex = try #require(RefreshToken(token)).hexOfBytes
                #expect(!stored.contains(token) && !stored.contains(hex))
            }
        }
    }

    @Test("twenty parallel refreshes of one token all get the same, valid successor")
    func parallel() async throws {
        let server = try AccountsServer.current
        let login = try server.register("parallel")
        let answers = Collected<HTTPClient.Answer>()
        await onThreads(20) { _ in
            if let answer = try? server.refresh(login.refreshToken) { answers.add(answer) }
        }
        #expect(answers.all.map(\.status) == Array(repeating: 200, count: 20))
        let successors = Set(answers.all.compactMap { $0.json["refreshToken"] as? String })
        #expect(successors.count == 1)
        let successor = try #require(successors.first)
        #expect(try server.refresh(successor).status == 200)
        for answer in answers.all {
            let token = try #require(answer.json["accessToken"] as? String)
            #expect(try server.send("GET", "/v1/auth/me", token: token).status == 200)
        }
    }

    @Test("within the grace period the same successor is returned again, even if it is in use")
    func grace() throws {
        let server = try AccountsServer.current
        let login = try server.register("grace")
        let next = try Login(server.refresh(login.refreshToken))
        let afterNext = try Login(server.refresh(next.refreshToken))
        try age(login.refreshToken, seconds: 25, on: server)
        #expect(try Login(server.refresh(login.refreshToken)).refreshToken == next.refreshToken)
        #expect(try Login(server.refresh(next.refreshToken)).refreshToken == afterNext.refreshToken)
        #expect(try server.refresh(afterNext.refreshToken).status == 200)
    }

    @Test("a token reused after the grace period revokes its family, and no other session")
    func reuse() throws {
        let server = try AccountsServer.current
        let login = try server.register("reuse")
        let other = try Login(server.login("reuse@example.com"))
        let next = try Login(server.refresh(login.refreshToken))
        try age(login.refreshToken, seconds: 31, on: server)
        for _ in 0..<2 {
            let answer = try server.refresh(login.refreshToken)
            #expect(answer.status == 401)
            #expect(answer.json["code"] as? String == "refresh-reused")
            #expect(answer["www-authenticate"] != nil)
        }
        let refused = try server.refresh(next.refreshToken)
        #expect(refused.status == 401)
        #expect(refused.json["code"] as? String == "unauthorized")
        #expect(try server.refresh(other.refreshToken).status == 200)
    }

    @Test("expired, unknown and malformed tokens are refused")
    func refuses() throws {
        let server = try AccountsServer.current
        let login = try server.register("expires")
        try server.query(
            """
            UPDATE refresh_tokens SET expires_at = now() WHERE family_id IN
            (SELECT f.id FROM refresh_families f JOIN users u ON u.id = user_id WHERE name = 'expires')
            """)
        for token in [
            login.refreshToken, login.accessToken, String(repeating: "A", count: 43), login.refreshToken + "=", "x",
        ] {
            let answer = try server.refresh(token)
            #expect(answer.status == 401)
            #expect(answer.json["code"] as? String == "unauthorized")
        }
    }

    @Test("a refresh returns the current roles, and a deleted account's session has ended")
    func followsTheAccount() throws {
        let server = try AccountsServer.current
        let login = try server.register("promoted")
        try server.query("UPDATE users SET roles = '{customer,admin}' WHERE name = 'promoted'")
        let next = try server.refresh(login.refreshToken)
        #expect((next.json["user"] as? [String: Any])?["roles"] as? [String] == ["customer", "admin"])
        try server.query("DELETE FROM users WHERE name = 'promoted'")
        #expect(try server.refresh(Login(next).refreshToken).status == 401)
    }

    @Test("logins delete expired families")
    func forgets() throws {
        let server = try AccountsServer.current
        try server.register("forgets")
        try server.query(
            """
            UPDATE refresh_families SET expires_at = now() - interval '1 s' FROM users u
            WHERE user_id = u.id AND u.name = 'forgets'
            """)
        try server.register("forgets-again")
        #expect(
            try server.rows(
                "SELECT count(*) FROM refresh_families f JOIN users u ON u.id = user_id WHERE name = 'forgets'")
                == ["0"])
    }
}

extension RefreshToken {
    fileprivate var hexOfBytes: String {
        Data(base64Encoded: text.replacing("-", with: "+").replacing("_", with: "/") + "=")?
            .map { String(format: "%02x", $0) }.joined() ?? ""
    }
}
