import BoxOffice
import Foundation
import Loops
import PostgresClient
import Support
import Testing

@testable import Accounts

@Suite("Account management", .accounts(), .serialized)
struct CareTests {
    private let server: AccountsServer

    init() throws { server = try .current }

    private func me(_ login: Login) throws -> Int {
        try server.send("GET", "/v1/auth/me", token: login.accessToken).status
    }

    /// Creates an administrator in the same way as `usher user`.
    private func administrator(_ name: String) async throws -> Login {
        try server.register(name)
        try await administer { users in
            let email = try #require(EmailAddress("\(name)@example.com"))
            let user = try #require(try await users.list(email: email, before: nil, limit: 1).first)
            var change = UserAdministration.Change()
            change.roles = ["admin"]
            _ = try await users.change(try #require(UUIDBytes(user.id)), change)
        }
        return try Login(server.login("\(name)@example.com"))
    }

    /// Runs work as another process would: this server's loop is not notified.
    private func administer(
        _ work: @escaping @Sendable (UserAdministration) async throws -> Void
    ) async throws {
        let configuration = server.postgres
        let loop = try EventLoop(name: "other-copy")
        defer { loop.stop() }
        try await loop.run { loop in
            let pool = PostgresPool(loop: loop, configuration: configuration)
            defer { pool.close() }
            try await work(UserAdministration(pool: pool))
        }
    }

    private func id(_ login: Login) throws -> String {
        try #require(try server.send("GET", "/v1/auth/me", token: login.accessToken).json["id"] as? String)
    }

    @Test("changing the password ends every other session and revokes the old tokens")
    func password() throws {
        let first = try server.register("care-password")
        let second = try Login(server.login("care-password@example.com"))
        let body = ["currentPassword": AccountsServer.password, "newPassword": "another horse 2"]
        let wrong = ["currentPassword": "wrong horse 9", "newPassword": "another horse 2"]
        let refused = try server.send("POST", "/v1/auth/password", token: first.accessToken, wrong)
        #expect(refused.status == 401 && refused.json["code"] as? String == "invalid-credentials")
        let weak = ["currentPassword": AccountsServer.password, "newPassword": "short"]
        #expect(try server.send("POST", "/v1/auth/password", token: first.accessToken, weak).status == 400)
        let changed = try Login(server.send("POST", "/v1/auth/password", token: first.accessToken, body))
        #expect(try me(changed) == 200)
        #expect(try me(first) == 401 && me(second) == 401)
        #expect(try server.refresh(second.refreshToken).status == 401)
        #expect(try server.refresh(first.refreshToken).status == 401)
        #expect(try server.refresh(changed.refreshToken).status == 200)
        #expect(try server.login("care-password@example.com").status == 401)
        #expect(try server.login("care-password@example.com", "another horse 2").status == 200)
    }

    @Test("only the owner can list sessions and end one or all others")
    func sessions() throws {
        let mine = try server.register("care-sessions")
        let other = try Login(server.login("care-sessions@example.com"))
        let stranger = try server.register("care-stranger")
        func list(_ login: Login) throws -> [[String: Any]] {
            let answer = try server.send("GET", "/v1/auth/sessions", token: login.accessToken)
            return try #require(answer.json["data"] as? [[String: Any]], "\(answer.text)")
        }
        let sessions = try list(mine)
        #expect(sessions.count == 2 && sessions.count { $0["current"] as? Bool == true } == 1)
        let id = try #require(sessions.first { $0["current"] as? Bool == false }?["id"] as? String)
        let path = "/v1/auth/sessions/\(id)"
        #expect(try server.send("DELETE", path, token: stranger.accessToken).status == 404)
        #expect(try me(other) == 200)
        #expect(try server.send("DELETE", path, token: mine.accessToken).status == 204)
        #expect(try server.send("DELETE", path, token: mine.accessToken).status == 204)
        #expect(try me(other) == 401 && server.refresh(other.refreshToken).status == 401)
        #expect(try me(mine) == 200 && list(mine).count == 1)
        let third = try Login(server.login("care-sessions@example.com"))
        #expect(try server.send("DELETE", "/v1/auth/sessions", token: third.accessToken).status == 204)
        #expect(try me(mine) == 401 && me(third) == 200 && me(stranger) == 200)
        #expect(try server.send("DELETE", "/v1/auth/sessions/x", token: third.accessToken).status == 404)
    }

    @Test("logging out also revokes the access token")
    func logout() throws {
        let login = try server.register("care-logout")
        let body = ["refreshToken": login.refreshToken]
        #expect(try server.send("POST", "/v1/auth/logout", body).status == 204)
        #expect(try me(login) == 401)
    }

    @Test("erasing an account deletes its name and address, revokes its tokens, and frees the address")
    func erase() throws {
        let login = try server.register("care-erase")
        let id = try id(login)
        let export = try server.send("GET", "/v1/auth/me/export", token: login.accessToken)
        #expect(export.status == 200, "\(export.text)")
        #expect((export.json["account"] as? [String: Any])?["email"] as? String == "care-erase@example.com")
        #expect((export.json["sessions"] as? [Any])?.count == 1)
        #expect(export.json["bookings"] as? [Any] != nil && export.json["auditLog"] as? [Any] != nil)
        #expect(try server.send("DELETE", "/v1/auth/me", token: login.accessToken, ["password": "x"]).status == 401)
        let body = ["password": AccountsServer.password]
        #expect(try server.send("DELETE", "/v1/auth/me", token: login.accessToken, body).status == 204)
        #expect(try me(login) == 401 && server.refresh(login.refreshToken).status == 401)
        #expect(try server.rows("SELECT 1 FROM users WHERE email_normalised = 'care-erase@example.com'").isEmpty)
        #expect(try server.rows("SELECT 1 FROM refresh_families WHERE user_id = '\(id)'").isEmpty)
        let again = try server.register("care-erase")
        #expect(try self.id(again) != id)
    }

    @Test("an export has actions by the owner and on the account, without identifying other actors")
    func exportedEntries() throws {
        let login = try server.register("care-export")
        let id = try id(login)
        // Services, events and the system may have the same id as a user.
        for (actorKind, actor, subjectKind, subject, reason) in [
            ("user", id, "booking", "b1", "own"), ("user", id, "user", id, "own account"),
            ("user", "care-root-id", "user", id, "by another"), ("service", id, "user", id, "by a service"),
            ("service", id, "booking", "b2", "service"), ("system", id, "booking", "b3", "system"),
            ("user", "care-root-id", "event", id, "event"),
        ] {
            _ = try server.rows(
                """
                INSERT INTO audit_log (id, at, actor_kind, actor_id, address, action, subject_kind, subject_id,
                    outcome, reason, request_id)
                VALUES (gen_random_uuid(), now(), '\(actorKind)', '\(actor)', '192.0.2.77', 'care.test',
                    '\(subjectKind)', '\(subject)', 'done', '\(reason)', 'care-request')
                RETURNING 1
                """)
        }
        let export = try server.send("GET", "/v1/auth/me/export", token: login.accessToken)
        let entries = try #require(export.json["auditLog"] as? [[String: Any]], "\(export.text)")
            .filter { $0["action"] as? String == "care.test" }
        let reasons = entries.compactMap { $0["reason"] as? String }
        #expect(reasons.sorted() == ["by a service", "by another", "own", "own account"])
        for entry in entries {
            let isOwn = (entry["reason"] as? String)?.hasPrefix("own") == true
            #expect((entry["actor"] as? [String: Any])?["id"] as? String == (isOwn ? id : nil))
            #expect(entry["address"] as? String == (isOwn ? "192.0.2.77" : nil))
            #expect(entry["requestId"] as? String == (isOwn ? "care-request" : nil))
        }
        #expect(!export.text.contains("care-root-id"))
    }

    @Test("an account disabled by another replica is refused within seconds, and can neither log in nor refresh")
    func disabled() async throws {
        let login = try server.register("care-disabled")
        let id = try #require(UUIDBytes(try id(login)))
        #expect(try me(login) == 200)
        try await administer { users in
            var change = UserAdministration.Change()
            change.isDisabled = true
            _ = try await users.change(id, change)
        }
        try eventually("its token is refused", within: .seconds(5)) { try me(login) == 401 }
        let refused = try server.login("care-disabled@example.com")
        #expect(refused.status == 403 && refused.json["code"] as? String == "forbidden")
        // With a wrong password, the response does not reveal that the account is disabled.
        #expect(try server.login("care-disabled@example.com", "wrong horse 9").status == 401)
        #expect(try server.refresh(login.refreshToken).status == 401)
    }

    @Test("administrators can find and disable accounts and revoke roles, except those of the last administrator")
    func administration() async throws {
        let root = try await administrator("care-root")
        func patch(_ id: String, _ body: [String: Any]) throws -> HTTPClient.Answer {
            try server.send("PATCH", "/v1/admin/users/\(id)", token: root.accessToken, body)
        }
        let rootID = try id(root)
        for body: [String: Any] in [["roles": ["customer"]], ["disabled": true]] {
            let refused = try patch(rootID, body)
            #expect(refused.status == 409 && refused.json["code"] as? String == "last-administrator", "\(refused.text)")
        }
        let erased = try server.send(
            "DELETE", "/v1/auth/me", token: root.accessToken, ["password": AccountsServer.password])
        #expect(erased.status == 409)
        let deputy = try await administrator("care-deputy")
        let list = try server.send("GET", "/v1/admin/users?email=Care-Deputy@example.com", token: root.accessToken)
        let found = try #require((list.json["data"] as? [[String: Any]])?.first)
        #expect(found["roles"] as? [String] == ["admin"] && found["disabled"] as? Bool == false)
        let deputyID = try #require(found["id"] as? String)
        #expect(try patch(deputyID, ["roles": ["customer"]]).status == 200)
        // Its sessions continue with the remaining roles.
        #expect(try me(deputy) == 401)
        let refreshed = try Login(server.refresh(deputy.refreshToken))
        #expect(try server.send("GET", "/v1/admin/users", token: refreshed.accessToken).status == 403)
        #expect(try patch(deputyID, ["disabled": true]).json["disabled"] as? Bool == true)
        #expect(try me(refreshed) == 401)
        #expect(try patch(deputyID, ["disabled": false]).status == 200)
        #expect(try server.login("care-deputy@example.com").status == 200)
        #expect(try patch(UUID().uuidString.lowercased(), ["disabled": true]).status == 404)
        for body: [String: Any] in [[:], ["roles": []], ["roles": ["owner"]], ["disabled": "yes"], ["name": "x"]] {
            #expect(try patch(deputyID, body).status == 400, "\(body)")
        }
        let log = try server.send("GET", "/v1/admin/audit-log?subject=\(deputyID)", token: root.accessToken)
        let entries = try #require(log.json["data"] as? [[String: Any]])
        #expect(!log.text.contains("care-deputy"), "ids only")
        let update = try #require(entries.first { $0["outcome"] as? String == "done" })
        #expect(update["action"] as? String == "users.update")
        #expect((update["after"] as? [String: Any])?["disabled"] as? Bool == false)
    }
}

@Suite("Revocations of access tokens")
struct RevocationTests {
    private let tokens = AccessTokens(secret: AccountsServer.secret)
    private let account = UUID().uuidString.lowercased()
    private let session = UUID().uuidString.lowercased()

    private func token(generation: Int64, in session: String) -> ArraySlice<UInt8> {
        Array(
            tokens.issue(
                subject: account, roles: ["admin"], now: 1000, lifetime: 900, session: (session, generation)
            ).utf8)[...]
    }

    @Test("a cached token is refused as soon as its session or its account's generation is revoked")
    func remembered() throws {
        let revocations = Revocations()
        let verifier = TokenVerifier(own: tokens, outside: nil, revocations: revocations)
        let (old, new) = (
            token(generation: 0, in: session), token(generation: 1, in: UUID().uuidString.lowercased())
        )
        #expect(verifier.principal(old, now: 1000) != nil && verifier.principal(new, now: 1000) != nil)
        revocations.add([Revocation(id: try #require(UUIDBytes(account)), generation: 1)])
        #expect(verifier.principal(old, now: 1000) == nil && verifier.principal(new, now: 1000) != nil)
        let third = token(generation: 5, in: session)
        #expect(verifier.principal(third, now: 1000) != nil)
        revocations.add([Revocation(id: try #require(UUIDBytes(session)), generation: nil)])
        #expect(verifier.principal(third, now: 1000) == nil)
    }
}
