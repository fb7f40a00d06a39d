import Foundation
import Support
import Testing

@testable import Accounts

@Suite("Drop-in account routes", .accounts())
struct DropInTests {
    @Test("register, login and refresh answer like the routes under /v1")
    func succeed() throws {
        let server = try AccountsServer.current
        let credentials = ["email": "old@example.com", "password": "abcdefg1"]
        let registered = try server.send("POST", "/api/auth/register", credentials.merging(["name": "Old"]) { $1 })
        #expect(registered.status == 201)
        let login = try server.send("POST", "/api/auth/login", credentials)
        #expect(login.status == 200)
        let refreshed = try server.send("POST", "/api/auth/refresh", ["refreshToken": Login(login).refreshToken])
        #expect(refreshed.status == 200)
        for answer in [registered, login, refreshed] {
            #expect(Set(answer.json.keys) == ["user", "accessToken", "refreshToken", "tokenType", "expiresIn"])
            #expect(answer["cache-control"] == "no-store")
            #expect(try server.send("GET", "/v1/auth/me", token: Login(answer).accessToken).status == 200)
        }
    }

    @Test(
        "errors have the form that older clients expect",
        arguments: [
            ("register", "{}", 400, "Bad Request"), ("register", "{", 400, "Bad Request"),
            (
                "register", "{\"email\":\"twice@example.com\",\"password\":\"abcdefg1\",\"name\":\"A\"}", 409,
                "Conflict"
            ),
            ("login", "{\"email\":\"nobody@example.com\",\"password\":\"abcdefg1\"}", 401, "Unauthorized"),
            ("login", "{\"email\":\"no address\",\"password\":\"abcdefg1\"}", 401, "Unauthorized"),
            ("refresh", "{\"refreshToken\":\"x\"}", 401, "Unauthorized"),
        ])
    func fail(call: String, body: String, status: Int, error: String) throws {
        let server = try AccountsServer.current
        if status == 409 { _ = try server.post("/api/auth/\(call)", text: body) }
        let answer = try server.post("/api/auth/\(call)", text: body)
        #expect(answer.status == status)
        #expect(answer["content-type"] == "application/json")
        #expect(Set(answer.json.keys) == ["statusCode", "message", "error"])
        #expect(answer.json["statusCode"] as? Int == status)
        #expect(answer.json["error"] as? String == error)
        #expect((answer.json["message"] as? String)?.isEmpty == false)
    }

    @Test("a body that is not JSON gets an error in that form too")
    func mediaType() throws {
        let server = try AccountsServer.current
        let client = HTTPClient(port: server.port)
        let request =
            "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}"
        try client.write(Array(request.utf8))
        let answer = try client.readAnswer()
        #expect(answer.status == 415)
        #expect(answer.json["error"] as? String == "Unsupported Media Type")
    }
}
