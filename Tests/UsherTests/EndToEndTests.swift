import Foundation
import FoundationNetworking
import Support
import Testing

/// `usher dev` as a newcomer starts it, on real stores.
@Suite("End to end", .serialized)
struct EndToEndTests {
    private static var binary: String {
        URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent("usher").path
    }

    private struct Running: Sendable {
        let program: Program
        let base: String
        let environment: [String: String]
        let directory: TemporaryDirectory

        func token(_ user: String, role: String = "customer") throws -> String {
            let made = try Program(
                EndToEndTests.binary, ["token", "--sub", user, "--role", role], environment: environment)
            return made.readToEnd().trimmingCharacters(in: .whitespacesAndNewlines)
        }

        func send(
            _ method: String, _ path: String, _ token: String, _ body: String? = nil, key: String? = nil
        ) async throws -> (status: Int, body: [String: Any], headers: [AnyHashable: Any]) {
            var request = URLRequest(url: try #require(URL(string: base + path)))
            request.httpMethod = method
            request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization")
            request.setValue("application/json", forHTTPHeaderField: "Content-Type")
            if let key { request.setValue(key, forHTTPHeaderField: "Idempotency-Key") }
            request.httpBody = body.map { Data($0.utf8) }
            let (data, response) = try await URLSession.shared.data(for: request)
            let answer = try #require(response as? HTTPURLResponse)
            let object = try JSONSerialization.jsonObject(with: data) as? [String: Any]
            return (answer.statusCode, object ?? [:], answer.allHeaderFields)
        }
    }

    private func start(_ directory: TemporaryDirectory) throws -> Running {
        let port = try freePort()
        let environment = ["USHER_DATA_DIR": "\(directory.path)/data", "PORT": String(port)]
        let program = try Program(Self.binary, ["dev"], environment: environment)
        _ = try #require(program.read(until: "Usher is ready"))
        return Running(
            program: program, base: "http://127.0.0.1:\(port)", environment: environment, directory: directory)
    }

    private func stop(_ running: Running) {
        running.program.signal(SIGTERM)
        #expect(running.program.wait() == 0)
    }

    private static let claim = """
        {"eventId":"2","items":[{"tierId":"00000001-0000-4000-8000-000000000002","quantity":1}]}
        """
    private static let paidClaim = """
        {"eventId":"3","items":[{"tierId":"00000001-0000-4000-8000-000000000003","quantity":1}],
         "payment":{"cardNumber":"4242424242424242"}}
        """

    @Test("a booking is paid, written down, and still there after everything was stopped and started again")
    func booksAndRemembers() async throws {
        let directory = try TemporaryDirectory()
        var running = try start(directory)
        let token = try running.token("ann")
        let booked = try await running.send("POST", "/v1/bookings", token, Self.paidClaim)
        #expect(booked.status == 201)
        #expect(booked.body["status"] as? String == "CONFIRMED")
        #expect(booked.body["persisted"] as? Bool == true)
        let held = try await running.send("POST", "/v1/bookings", token, Self.claim)
        #expect(held.status == 201)
        let id = try #require(booked.body["id"] as? String)
        let holdID = try #require(held.body["id"] as? String)
        stop(running)

        running = try start(directory)
        let again = try await running.send("GET", "/v1/bookings/\(id)", token)
        #expect(again.body["status"] as? String == "CONFIRMED")
        #expect(again.body["persisted"] as? Bool == true)
        let paid = try await running.send(
            "POST", "/v1/bookings/\(holdID)/payments", token, "{\"cardNumber\":\"4242424242424242\"}")
        #expect(paid.status == 200)
        #expect(try await running.send("POST", "/v1/bookings", token, Self.paidClaim).status == 409)
        let cancelled = try await running.send("DELETE", "/v1/bookings/\(id)", token)
        #expect(cancelled.status == 200)
        #expect(cancelled.body["status"] as? String == "CANCELLED")
        stop(running)
    }

    @Test("ten at once for two tickets: two win, and one key fifty times is one booking")
    func races() async throws {
        let running = try start(try TemporaryDirectory())
        let tokens = try (0..<10).map { try running.token("user-\($0)") }
        let tier = "00000001-0000-4000-8000-000000000001"
        let body = "{\"eventId\":\"1\",\"items\":[{\"tierId\":\"\(tier)\",\"quantity\":1}]}"
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for token in tokens {
                group.addTask { try await running.send("POST", "/v1/bookings", token, body).status }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.count { $0 == 201 } == 2)
        #expect(statuses.count { $0 == 409 } == 8)

        let ids = try await withThrowingTaskGroup(of: String?.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    try await running.send("POST", "/v1/bookings", tokens[0], Self.claim, key: "one").body["id"]
                        as? String
                }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(ids.count == 1 && ids.first != .some(nil))
        let reused = try await running.send("POST", "/v1/bookings", tokens[0], Self.paidClaim, key: "one")
        #expect(reused.status == 201)
        let other = Self.claim.replacing("\"quantity\":1", with: "\"quantity\":2")
        #expect(try await running.send("POST", "/v1/bookings", tokens[0], other, key: "one").status == 422)
        stop(running)
    }

    @Test(
        "garbage is a problem with the right code",
        arguments: [
            ("", "invalid-request"), ("[]", "invalid-request"), ("{", "invalid-request"),
            ("{\"eventId\":\"2\"}", "invalid-request"),
            ("{\"eventId\":\"2\",\"items\":[{\"tierId\":1,\"quantity\":1}]}", "invalid-request"),
            (
                "{\"eventId\":\"999\",\"items\":[{\"tierId\":\"00000001-0000-4000-8000-000000000002\",\"quantity\":1}]}",
                "event-not-found"
            ),
            (
                "{\"eventId\":\"2\",\"items\":[{\"tierId\":\"00000001-0000-4000-8000-000000000009\",\"quantity\":1}]}",
                "invalid-request"
            ),
            (
                "{\"eventId\":\"2\",\"items\":[{\"tierId\":\"00000001-0000-4000-8000-000000000002\",\"quantity\":0}]}",
                "invalid-request"
            ),
            (
                "{\"eventId\":\"2\",\"items\":[{\"tierId\":\"00000001-0000-4000-8000-000000000002\",\"quantity\":9007199254740992}]}",
                "invalid-request"
            ),
            ("{\"eventId\":\"2\",\"items\":[],\"x\":1}", "invalid-request"),
            (String(repeating: "[", count: 1000), "invalid-request"),
        ])
    func garbage(body: String, code: String) async throws {
        let running = try Self.shared.running { try start($0) }
        let token = try running.token("garbage")
        let answer = try await running.send("POST", "/v1/bookings", token, body)
        #expect(answer.body["code"] as? String == code)
        #expect((400...404).contains(answer.status))
    }

    /// One running copy for the cases of a parameterised test.
    private final class Shared: @unchecked Sendable {
        // SAFETY of @unchecked: the suite is serialized.
        private var directory: TemporaryDirectory?
        private var copy: Running?

        func running(_ start: (TemporaryDirectory) throws -> Running) throws -> Running {
            if let copy { return copy }
            let directory = try TemporaryDirectory()
            let running = try start(directory)
            self.directory = directory
            copy = running
            atexit { EndToEndTests.shared.end() }
            return running
        }

        func end() {
            copy?.program.signal(SIGTERM)
            _ = copy?.program.wait()
            copy = nil
            directory = nil
        }
    }
    private static let shared = Shared()
}
