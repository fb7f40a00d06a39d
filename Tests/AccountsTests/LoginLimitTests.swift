import Loops
import RedisClient
import Support
import Testing

@testable import Accounts

@Suite("The limit of logins", .serialized, .accounts())
struct LoginLimitTests {
    private static let perAccount = AccountLimits().loginsOfAccountFromAddress.most

    private func limited(_ answer: HTTPClient.Answer, _ policy: String, _ most: Int) throws {
        #expect(answer.status == 429)
        #expect(answer.json["code"] as? String == "rate-limited")
        #expect(answer.json["retryable"] as? Bool == true)
        let seconds = try #require(answer["retry-after"].flatMap(Int.init))
        #expect((1...60).contains(seconds))
        #expect(answer["ratelimit"] == "\"\(policy)\";r=0;t=\(seconds)")
        #expect(answer["ratelimit-policy"] == "\"\(policy)\";q=\(most);w=60")
    }

    @Test("an account gets ten failed checks a minute, whether it exists or not; other accounts are unaffected")
    func perAccount() throws {
        let server = try AccountsServer.current
        try server.register("guessed")
        try server.register("bystander")
        for email in ["guessed@example.com", "nobody@example.com"] {
            for _ in 0..<Self.perAccount {
                #expect(try server.login(email, "a wrong guess 1").status == 401)
            }
            let hashes = server.hasher.hashes
            try limited(server.login(email, "a wrong guess 1"), "login-account", 10)
            try limited(server.login(email.uppercased(), AccountsServer.password), "login-account", 10)
            #expect(server.hasher.hashes == hashes)
        }
        #expect(try server.login("bystander@example.com").status == 200)
    }

    @Test("successful logins do not count")
    func successes() throws {
        let server = try AccountsServer.current
        try server.register("frequent")
        for _ in 0..<Self.perAccount + 2 {
            #expect(try server.login("frequent@example.com").status == 200)
        }
    }

    @Test("of forty parallel guesses ten are checked")
    func parallel() async throws {
        let server = try AccountsServer.current
        try server.register("stormed")
        let hashes = server.hasher.hashes
        let statuses = Collected<Int>()
        await onThreads(40) { _ in
            statuses.add((try? server.login("stormed@example.com", "a wrong guess 1"))?.status ?? 0)
        }
        #expect(statuses.all.filter { $0 == 401 }.count == Self.perAccount)
        #expect(statuses.all.filter { $0 == 429 }.count == 30)
        #expect(server.hasher.hashes == hashes + Self.perAccount)
    }

    @Test("after a hundred failures an address is limited for every account")
    func perAddress() async throws {
        let server = try AccountsServer.current
        try server.register("same-office")
        // Use up the address's remaining attempts without hashing.
        let configuration = try RedisConfiguration(url: server.redis.url)
        let loop = try EventLoop(name: "attempts")
        defer { loop.stop() }
        let counted = try await loop.run { loop in
            let connection = RedisConnection(loop: loop, configuration: configuration)
            try connection.start()
            defer { connection.close() }
            _ = try await connection.send(RedisCommand("PING"))
            let limit = LoginLimit(connection: connection, limits: AccountLimits(), secret: [1])
            var counted = 0
            for index in 0..<200 {
                guard let email = EmailAddress("other-\(index)@example.com"),
                    (try? await limit.begin(account: email, address: "127.0.0.1")) != nil
                else { break }
                counted += 1
            }
            return counted
        }
        #expect(counted > 0 && counted <= AccountLimits().loginsOfAddress.most)
        try limited(server.login("same-office@example.com"), "login-address", 100)
        let old = try server.send(
            "POST", "/api/auth/login", ["email": "same-office@example.com", "password": AccountsServer.password])
        #expect(old.status == 429)
        #expect(old.json["error"] as? String == "Too Many Requests")
        #expect(old["retry-after"] != nil)
    }
}

@Suite("The limit of logins without Redis", .serialized, .accounts())
struct LoginLimitWithoutRedisTests {
    @Test("without Redis logins are refused, since attempts cannot be counted; sessions continue")
    func closed() throws {
        let server = try AccountsServer.current
        let login = try server.register("alone")
        server.redis.kill()
        defer { try? server.redis.start() }
        for password in [AccountsServer.password, "a wrong guess 1"] {
            let answer = try server.login("alone@example.com", password)
            #expect(answer.status == 503 && answer.json["code"] as? String == "overloaded")
            #expect(answer["retry-after"] == "1")
        }
        #expect(try server.refresh(login.refreshToken).status == 200)
        #expect(try server.send("GET", "/v1/auth/me", token: login.accessToken).status == 200)
    }
}

@Suite(
    "Limits of logins and registrations by address", .serialized,
    .accounts(
        {
            var limits = AccountLimits()
            limits.loginsOfAccountFromAddress = AttemptLimit(most: 2, seconds: 600)
            limits.loginsOfAddress = AttemptLimit(most: 50, seconds: 600)
            limits.loginsOfAccount = AttemptLimit(most: 5, seconds: 3600)
            limits.registrations = AttemptLimit(most: 3, seconds: 3600)
            return AccountsConfiguration(limits: limits)
        }, trustsLoopback: true))
struct AddressLimitTests {
    private func login(_ address: String, _ email: String, _ password: String) throws -> HTTPClient.Answer {
        try AccountsServer.current.send(
            "POST", "/v1/auth/login", headers: [("X-Forwarded-For", address)], ["email": email, "password": password])
    }

    private func register(_ address: String, _ name: String) throws -> HTTPClient.Answer {
        try AccountsServer.current.send(
            "POST", "/v1/auth/register", headers: [("X-Forwarded-For", address)],
            ["email": "\(name)@example.com", "password": AccountsServer.password, "name": name])
    }

    @Test("guesses from one address do not block logins from another, up to the limit over all addresses")
    func lockOut() throws {
        #expect(try register("203.0.113.1", "victim").status == 201)
        let email = "victim@example.com"
        for _ in 0..<2 { #expect(try login("198.51.100.7", email, "a wrong guess 1").status == 401) }
        for _ in 0..<9 { #expect(try login("198.51.100.7", email, "a wrong guess 1").status == 429) }
        #expect(try login("198.51.100.7", email, AccountsServer.password).status == 429)
        for _ in 0..<9 { #expect(try login("203.0.113.1", email, AccountsServer.password).status == 200) }
        for address in ["198.51.100.8", "2001:db8::1"] {
            #expect(try login(address, email, "a wrong guess 1").status == 401)
        }
        // A /64 counts as one address.
        #expect(try login("2001:db8::ffff", email, "a wrong guess 1").status == 401)
        let refused = try login("203.0.113.1", email, AccountsServer.password)
        #expect(refused.status == 429)
        #expect(refused["ratelimit-policy"] == "\"login-account-everywhere\";q=5;w=3600")
    }

    @Test("registrations per address are limited, taken e-mail addresses count, and excess ones are not hashed")
    func registrations() throws {
        let server = try AccountsServer.current
        #expect(try register("203.0.113.9", "first").status == 201)
        #expect(try register("203.0.113.9", "second").status == 201)
        let hashes = server.hasher.hashes
        #expect(try register("203.0.113.9", "first").status == 409)
        #expect(server.hasher.hashes == hashes)
        for name in ["third", "first"] {
            let refused = try register("203.0.113.9", name)
            #expect(refused.status == 429)
            #expect(refused["ratelimit-policy"] == "\"registrations\";q=3;w=3600")
            #expect((1...3600).contains(Int(refused["retry-after"] ?? "") ?? 0))
        }
        #expect(server.hasher.hashes == hashes)
        #expect(
            try server.send(
                "POST", "/api/auth/register", headers: [("X-Forwarded-For", "203.0.113.9")],
                ["email": "x@example.com", "password": AccountsServer.password, "name": "x"]
            ).status == 429)
        #expect(try register("203.0.113.10", "third").status == 201)
        // Malformed registrations do not count.
        #expect(try register("203.0.113.11", "not an address").status == 400)
    }
}
