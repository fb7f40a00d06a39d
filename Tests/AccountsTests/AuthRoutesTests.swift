import Accounts
import Cryptography
import Foundation
import Support
import Testing

@Suite("Accounts over HTTP", .accounts())
struct AuthRoutesTests {
    @Test("registering logs in, and the token identifies the user")
    func registers() throws {
        let server = try AccountsServer.current
        let answer = try server.send(
            "POST", "/v1/auth/register", ["email": "Ann@Example.com", "password": "abcdefg1", "name": "Ann"])
        #expect(answer.status == 201)
        #expect(answer["cache-control"] == "no-store")
        #expect(
            Set(answer.json.keys) == ["user", "accessToken", "refreshToken", "tokenType", "expiresIn"])
        #expect(answer.json["tokenType"] as? String == "Bearer")
        #expect(answer.json["expiresIn"] as? Int == 900)
        let user = try #require(answer.json["user"] as? [String: Any])
        #expect(Set(user.keys) == ["id", "email", "name", "roles"])
        let me = try server.send("GET", "/v1/auth/me", token: Login(answer).accessToken)
        #expect(me.status == 200)
        #expect(me.json["id"] as? String == user["id"] as? String)
        #expect(me.json["email"] as? String == "Ann@Example.com")
        #expect(me.json["name"] as? String == "Ann")
        #expect(me.json["roles"] as? [String] == ["customer"])
    }

    @Test("an address has one account, however it is spelt")
    func emailTaken() throws {
        let server = try AccountsServer.current
        try server.register("taken")
        let answer = try server.send(
            "POST", "/v1/auth/register", ["email": "TAKEN@example.com", "password": "abcdefg1", "name": "Other"])
        #expect(answer.status == 409)
        #expect(answer["content-type"] == "application/problem+json")
        #expect(answer.json["code"] as? String == "email-taken")
        #expect(answer.json["retryable"] as? Bool == false)
        #expect(try server.rows("SELECT name FROM users WHERE email_normalised = 'taken@example.com'") == ["taken"])
    }

    @Test("of twenty parallel registrations of one address, one succeeds")
    func registersOnce() async throws {
        let server = try AccountsServer.current
        let statuses = Collected<Int>()
        await onThreads(20) { index in
            let answer = try? server.send(
                "POST", "/v1/auth/register",
                ["email": "rush@example.com", "password": "abcdefg1", "name": "n\(index)"])
            statuses.add(answer?.status ?? 0)
        }
        #expect(statuses.all.sorted() == [201] + Array(repeating: 409, count: 19))
        #expect(
            try server.rows(
                """
                SELECT count(*) FROM refresh_families f JOIN users u ON u.id = user_id
                WHERE email_normalised = 'rush@example.com'
                """) == ["1"])
    }

    @Test(
        "errors of a registration are reported per member",
        arguments: [
            (["password": "abcdefg1", "name": "A"], "/email"),
            (["email": "no address", "password": "abcdefg1", "name": "A"], "/email"),
            (["email": "a@example.com", "name": "A"], "/password"),
            (["email": "a@example.com", "password": "abcdef1", "name": "A"], "/password"),
            (["email": "a@example.com", "password": "abcdefgh", "name": "A"], "/password"),
            (["email": "a@example.com", "password": "12345678", "name": "A"], "/password"),
            (
                ["email": "a@example.com", "password": "a1" + String(repeating: "x", count: 71), "name": "A"],
                "/password"
            ),
            (["email": "a@example.com", "password": "abcdefg1"], "/name"),
            (["email": "a@example.com", "password": "abcdefg1", "name": "\u{200b}"], "/name"),
            (["email": "a@example.com", "password": "abcdefg1", "name": "A", "role": "admin"], "/role"),
        ])
    func refusesRegistration(body: [String: String], pointer: String) throws {
        let answer = try AccountsServer.current.send("POST", "/v1/auth/register", body)
        #expect(answer.status == 400)
        #expect(answer.json["code"] as? String == "invalid-request")
        let errors = try #require(answer.json["errors"] as? [[String: String]])
        #expect(errors.map { $0["pointer"] } == [pointer])
    }

    @Test("addresses and passwords match in any Unicode normalisation form")
    func spellings() throws {
        let server = try AccountsServer.current
        let (email, otherEmail) = ("zo\u{eb}@example.com", "zoe\u{308}@example.com")
        let (password, otherPassword) = ("p\u{e4}ssw\u{f6}rd1", "pa\u{308}sswo\u{308}rd1")
        let body = [
            "email": otherEmail, "password": otherPassword, "name": "\u{639}\u{644}\u{6cc}\u{200c}\u{631}\u{200f}",
        ]
        let made = try server.send("POST", "/v1/auth/register", body)
        #expect(made.status == 201, "\(made.text)")
        let user = made.json["user"] as? [String: Any]
        #expect((user?["email"] as? String)?.utf8.elementsEqual(email.utf8) == true)
        #expect((user?["name"] as? String)?.unicodeScalars.count == 5)
        let again = try server.send("POST", "/v1/auth/register", body.merging(["email": email]) { $1 })
        #expect(again.status == 409)
        for email in [email, otherEmail] {
            for password in [password, otherPassword] {
                #expect(try server.login(email, password).status == 200)
            }
            #expect(try server.login(email, "password1").status == 401)
        }
    }

    @Test("a password hashed without normalisation is accepted once, then rehashed in NFC")
    func typedPassword() throws {
        let server = try AccountsServer.current
        let hash = try #require(PasswordHash.make("pa\u{308}ssword1"))
        let email = "typed@example.com"
        try server.query(
            """
            INSERT INTO users (id, email, email_normalised, name, password_hash, roles) VALUES (gen_random_uuid(),
            '\(email)', '\(email)', 'Old', '\(hash)', '{customer}')
            """)
        #expect(try server.login(email, "p\u{e4}ssword1").status == 401)
        #expect(try server.login(email, "pa\u{308}ssword1").status == 200)
        #expect(try server.login(email, "p\u{e4}ssword1").status == 200)
        #expect(try server.login(email, "pa\u{308}ssword1").status == 200)
        #expect(try server.rows("SELECT password_hash FROM users WHERE email = '\(email)'") != [hash])
    }

    @Test("two accounts that differ only in normalisation are each found by their own spelling")
    func twoSpellings() throws {
        let server = try AccountsServer.current
        for (email, password) in [("r\u{e9}@example.com", "first123"), ("re\u{301}@example.com", "second123")] {
            let hash = try #require(PasswordHash.make(password))
            try server.query(
                """
                INSERT INTO users (id, email, email_normalised, name, password_hash, roles) VALUES (gen_random_uuid(),
                '\(email)', '\(email)', 'Old', '\(hash)', '{customer}')
                """)
        }
        #expect(try server.login("r\u{e9}@example.com", "first123").status == 200)
        #expect(try server.login("re\u{301}@example.com", "second123").status == 200)
        #expect(try server.login("r\u{e9}@example.com", "second123").status == 401)
    }

    @Test("a password of 72 bytes is accepted, and its last byte counts")
    func longestPassword() throws {
        let server = try AccountsServer.current
        let password = "a1" + String(repeating: "x", count: 70)
        let made = try server.send(
            "POST", "/v1/auth/register", ["email": "long@example.com", "password": password, "name": "Long"])
        #expect(made.status == 201)
        #expect(try server.login("long@example.com", password).status == 200)
        #expect(try server.login("long@example.com", password.dropLast() + "y").status == 401)
        #expect(try server.login("long@example.com", password + "x").status == 401)
    }

    @Test(
        "an account imported with a bcrypt hash can log in, which rehashes its password",
        arguments: [("2a", "imported-a"), ("2b", "imported-b")])
    func imports(kind: String, name: String) throws {
        let server = try AccountsServer.current
        let email = "\(name)@example.com"
        try server.query(
            """
            INSERT INTO users (id, email, email_normalised, name, password_hash, roles) VALUES (gen_random_uuid(),
            '\(email)', '\(email)', 'Old', '$\(kind)$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
            '{customer,admin}')
            """)
        #expect(try server.login(email, "U*V").status == 401)
        let first = try server.login(email, "U*U")
        #expect(first.status == 200)
        #expect((first.json["user"] as? [String: Any])?["roles"] as? [String] == ["customer", "admin"])
        let stored = try server.rows("SELECT password_hash FROM users WHERE email = '\(email)'")
        #expect(stored.map { $0.hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$") } == [true])
        #expect(try server.login(email, "U*U").status == 200)
        #expect(try server.login(email, "U*V").status == 401)
        #expect(try server.rows("SELECT password_hash FROM users WHERE email = '\(email)'") == stored)
    }

    @Test("logging out ends the session; logging out again, or with an unknown token, changes nothing")
    func logsOut() throws {
        let server = try AccountsServer.current
        let login = try server.register("leaver")
        let other = try Login(server.login("leaver@example.com"))
        for token in [login.refreshToken, login.refreshToken, "no token", String(repeating: "A", count: 43)] {
            let answer = try server.send("POST", "/v1/auth/logout", ["refreshToken": token])
            #expect(answer.status == 204)
            #expect(answer.body.isEmpty)
        }
        let refused = try server.refresh(login.refreshToken)
        #expect(refused.status == 401)
        #expect(refused.json["code"] as? String == "unauthorized")
        #expect(try server.refresh(other.refreshToken).status == 200)
    }

    @Test("/v1/auth/me needs a token, and returns the claims of a token without an account")
    func me() throws {
        let server = try AccountsServer.current
        let none = try server.send("GET", "/v1/auth/me")
        #expect(none.status == 401)
        #expect(none.json["code"] as? String == "unauthorized")
        #expect(none["www-authenticate"] == "Bearer realm=\"usher\"")
        let token = AccessTokens(secret: AccountsServer.secret).issue(
            subject: "ops", roles: ["admin"], now: Int64(Date().timeIntervalSince1970), lifetime: 60)
        let me = try server.send("GET", "/v1/auth/me", token: token)
        #expect(me.json["id"] as? String == "ops")
        #expect(me.json["email"] is NSNull)
        #expect(me.json["roles"] as? [String] == ["admin"])
        let service = try HTTPClient(port: server.port).send(
            "GET", "/v1/auth/me", headers: [("X-API-Key", "box-office-key-of-tests")])
        #expect(service.json["id"] as? String == "box-office")
        #expect(service.json["roles"] as? [String] == ["service"])
    }

    @Test(
        "every route rejects malformed bodies",
        arguments: ["register", "login", "refresh", "logout"])
    func refusesBodies(call: String) throws {
        let server = try AccountsServer.current
        let path = "/v1/auth/\(call)"
        for text in ["", "{}", "[]", "{", "{\"refreshToken\":1,\"email\":1,\"password\":1,\"name\":1}"] {
            let answer = try server.post(path, text: text)
            #expect(answer.status == 400, "\(text)")
            #expect(answer.json["code"] as? String == "invalid-request")
        }
        #expect(try server.post(path, text: "{\"email\":\"a@b.c\",\"email\":\"a@b.c\"}").status == 400)
        #expect(try server.send("GET", path).status == 405)
    }
}
