import Support
import Synchronization
import Testing

@Suite("Limit of waits per process", .api { $0.waitLimit = 2 }, .serialized)
struct WaitLimitTests {
    @Test("beyond the limit answers are 202 at once, without Preference-Applied")
    func limit() async throws {
        let api = try TestAPI.current
        let event = try api.event()
        await api.stopReconciler()
        let requests = (0..<5).map { _ in
            Request("POST", "/v1/bookings", event.claim(card: Card.good)).by(TestAPI.newUser())
                .with("Prefer", "wait=30")
        }
        let answers = Mutex<[Answer]>([])
        let running = RunningThreads(5) { index in
            guard let answer = try? api.ask(requests[index]) else { return }
            answers.withLock { $0.append(answer) }
        }
        // Three are answered at once; the two that wait end when a reconciler starts.
        let deadline = ContinuousClock.now + .seconds(25)
        while answers.withLock({ $0.count }) < 3, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(5))
        }
        let atOnce = answers.withLock { $0 }
        #expect(atOnce.count == 3)
        #expect(atOnce.allSatisfy { $0.status == 202 && $0.headers["preference-applied"] == nil })
        await api.startReconciler()
        await running.join()
        let waited = answers.withLock { $0.dropFirst(3) }
        #expect(waited.count == 2)
        #expect(waited.allSatisfy { $0.status == 201 && $0.headers["preference-applied"] == "wait=30" })
    }
}
