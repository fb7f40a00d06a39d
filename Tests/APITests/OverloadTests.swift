import Support
import Synchronization
import Testing

@Suite(
    "Overload of a loop",
    .api {
        $0.inFlightLimit = 2
        // Redis is stopped for as long as the test takes.
        $0.redisPatience = .seconds(120)
    }, .serialized)
struct OverloadTests {
    /// Answers in the order of their arrival.
    private final class Answers: Sendable {
        let all = Mutex<[Answer]>([])

        func count(_ status: Int) -> Int { all.withLock { $0.count { $0.status == status } } }

        /// Waits until there are this many.
        func wait(for count: Int) async throws {
            let deadline = ContinuousClock.now + .seconds(60)
            while all.withLock({ $0.count }) < count, ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(5))
            }
            try #require(all.withLock { $0.count } >= count, "no answer came")
        }
    }

    @Test(
        "claims beyond the bound are refused at once; requests that relieve the load pass, and it recovers")
    func claims() async throws {
        let api = try TestAPI.current
        let event = try api.event()
        let ann = TestAPI.newUser()
        let held = try api.claim(event, by: ann)
        #expect(held.status == 201)
        let claim = Request("POST", "/v1/bookings", event.claim()).by(ann)
        let answers = Answers()
        api.redisServer.suspend()
        defer { api.redisServer.resume() }
        let claims = RunningThreads(5) { _ in
            if let answer = try? api.ask(claim) { answers.all.withLock { $0.append(answer) } }
        }
        // No request can have had an answer from Redis: two wait for it, and the others were refused without waiting.
        try await answers.wait(for: 3)
        for refused in answers.all.withLock({ $0 }) {
            refused.expectProblem(503, "overloaded")
            #expect(refused.headers["retry-after"] == "1")
        }
        #expect(try api.ask(Request("GET", "/livez")).status == 200)
        #expect(try api.ask(Request("GET", "/v1/bookings").by(ann)).status == 200)
        let cancelled = Answers()
        let cancel = RunningThreads(4) { _ in
            if let answer = try? api.act("cancel", held.id, by: ann) { cancelled.all.withLock { $0.append(answer) } }
        }
        api.redisServer.resume()
        await claims.join()
        await cancel.join()
        #expect(answers.count(201) == 2 && answers.count(503) == 3)
        #expect(cancelled.count(200) == 4)
        #expect(try api.claim(event, by: ann).status == 201)
        #expect(try api.ask(Request("GET", "/metrics")).text.contains("usher_http_refused_total{status=\"503\"}"))
    }
}
