import Accounts
import Support
import Testing

/// The cost of a failed login is measured in computed hashes, which take nearly all of its time.
@Suite("The cost of a login", .serialized, .accounts())
struct LoginCostTests {
    @Test("logins with an unknown address and with a wrong password get the same response after the same work")
    func sameAnswer() throws {
        let server = try AccountsServer.current
        try server.register("known")
        func failure(_ email: String) throws -> (hashes: Int, answer: HTTPClient.Answer) {
            let before = server.hasher.hashes
            let answer = try server.login(email, "a wrong password 1")
            return (server.hasher.hashes - before, answer)
        }
        let known = try failure("known@example.com")
        let unknown = try failure("unknown@example.com")
        #expect(known.hashes == 1)
        #expect(unknown.hashes == known.hashes)
        #expect(known.answer.status == 401)
        #expect(known.answer.json["code"] as? String == "invalid-credentials")
        #expect(known.answer["www-authenticate"] == "Bearer realm=\"usher\"")
        func said(_ answer: HTTPClient.Answer) -> [String: String] {
            answer.json.filter { $0.key != "instance" }.mapValues { "\($0)" }
        }
        #expect(unknown.answer.status == known.answer.status)
        #expect(said(unknown.answer) == said(known.answer))
        #expect(unknown.answer.headers.map(\.name) == known.answer.headers.map(\.name))
    }

    @Test("a login to an account with an unsupported hash fails after the same work")
    func unknownHash() throws {
        let server = try AccountsServer.current
        try server.query(
            """
            INSERT INTO users (id, email, email_normalised, name, password_hash)
            VALUES (gen_random_uuid(), 'odd@example.com', 'odd@example.com', 'Odd', '$1$salt$hash')
            """)
        let before = server.hasher.hashes
        #expect(try server.login("odd@example.com", "anything 1").status == 401)
        #expect(server.hasher.hashes == before + 1)
    }
}
