import EventLoop
import RedisClient
import Support
import Testing

@testable import Accounts

@Suite("The limit of logins", .serialized, .accounts())
struct LoginLimitTests {
    private func limited(_ answer: HTTPClient.Answer, _ policy: String, _ most: Int) throws {
        #expect(answer.status == 429)
        #expect(answer.json["code"] as? String == "rate-limited")
        #expect(answer.json["retryable"] as? Bool == true)
        let seconds = try #require(answer["retry-after"].flatMap(Int.init))
        #expect((1...60).contains(seconds))
        #expect(answer["ratelimit"] == "\"\(policy)\";r=0;t=\(seconds)")
        #expect(answer["ratelimit-policy"] == "\"\(policy)\";q=\(most);w=60")
    }

    @Test("ten failures a minute are looked at for an account, whether it exists or not; others go on")
    func perAccount() throws {
        let server = try AccountsServer.current
        try server.register("guessed")
        try server.register("bystander")
        for email in ["guessed@example.com", "nobody@example.com"] {
            for _ in 0..<LoginLimit.perAccount {
                #expect(try server.login(email, "a wrong guess 1").status == 401)
            }
            let hashes = server.hasher.hashes
            try limited(server.login(email, "a wrong guess 1"), "login-account", 10)
            try limited(server.login(email.uppercased(), AccountsServer.password), "login-account", 10)
            #expect(server.hasher.hashes == hashes)
        }
        #expect(try server.login("bystander@example.com").status == 200)
    }

    @Test("logins that succeed count for nothing")
    func successes() throws {
        let server = try AccountsServer.current
        try server.register("frequent")
        for _ in 0..<LoginLimit.perAccount + 2 {
            #expect(try server.login("frequent@example.com").status == 200)
        }
    }

    @Test("of forty parallel guesses ten are looked at")
    func parallel() async throws {
        let server = try AccountsServer.current
        try server.register("stormed")
        let hashes = server.hasher.hashes
        let statuses = Collected<Int>()
        await onThreads(40) { _ in
            statuses.add((try? server.login("stormed@example.com", "a wrong guess 1"))?.status ?? 0)
        }
        #expect(statuses.all.filter { $0 == 401 }.count == LoginLimit.perAccount)
        #expect(statuses.all.filter { $0 == 429 }.count == 30)
        #expect(server.hasher.hashes == hashes + LoginLimit.perAccount)
    }

    @Test("after a hundred failures from one address it is told to wait, whatever account it names")
    func perAddress() async throws {
        let server = try AccountsServer.current
        try server.register("same-office")
        // As many attempts as the address has left, without the work of hashing.
        let configuration = try RedisConfiguration(url: server.redis.url)
        let loop = try EventLoop(name: "attempts")
        defer { loop.stop() }
        let counted = try await loop.run { loop in
            let connection = RedisConnection(loop: loop, configuration: configuration)
            try connection.start()
            defer { connection.close() }
            _ = try await connection.send(RedisCommand("PING"))
            let limit = LoginLimit(connection: connection, local: LocalLoginWindow(), secret: [1])
            var counted = 0
            for index in 0..<200 {
                guard let email = EmailAddress("other-\(index)@example.com"),
                    (try? await limit.begin(account: email, address: "127.0.0.1")) != nil
                else { break }
                counted += 1
            }
            return counted
        }
        #expect(counted > 0 && counted <= LoginLimit.perAddress)
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
    @Test("without Redis accounts work, and the limit holds")
    func holds() throws {
        let server = try AccountsServer.current
        let login = try server.register("alone")
        server.redis.kill()
        defer { try? server.redis.start() }
        #expect(try server.login("alone@example.com").status == 200)
        #expect(try server.refresh(login.refreshToken).status == 200)
        for _ in 0..<LoginLimit.perAccount {
            #expect(try server.login("alone@example.com", "a wrong guess 1").status == 401)
        }
        #expect(try server.login("alone@example.com").status == 429)
        #expect(try server.send("GET", "/v1/auth/me", token: login.accessToken).status == 200)
    }
}
