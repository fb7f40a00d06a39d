import Loops
import Testing

@testable import Reconciliation

@Suite("A periodic loop")
struct PeriodicLoopTests {
    private func withLoop(_ body: @Sendable (isolated EventLoop) async throws -> Void) async throws {
        let loop = try EventLoop(name: "test-periodic")
        defer { loop.stop() }
        try await loop.run(body)
    }

    @Test("runs again at once without a pause or after a wake, and never after it is stopped")
    func wakes() async throws {
        try await withLoop { loop in
            let periodic = PeriodicLoop(loop)
            var runs = 0
            loop.spawn {
                await periodic.run {
                    runs += 1
                    return runs < 3 ? nil : .seconds(3600)
                }
            }
            await eventually(loop, "it pauses") { runs == 3 }
            periodic.wake()
            await eventually(loop, "it was woken") { runs == 4 }
            periodic.stop()
            await periodic.finished()
            periodic.wake()
            #expect(runs == 4 && periodic.isStopping)
            await periodic.run {
                Issue.record("it ran")
                return nil
            }
        }
    }

    @Test("when stopped, waits for the body under way and does not pause after it")
    func finishes() async throws {
        try await withLoop { loop in
            let periodic = PeriodicLoop(loop)
            var (hasBegun, mayEnd, hasEnded) = (false, false, false)
            loop.spawn {
                await periodic.run {
                    hasBegun = true
                    while !mayEnd { await loop.sleep(for: .milliseconds(1)) }
                    hasEnded = true
                    return .seconds(3600)
                }
            }
            await eventually(loop, "it runs") { hasBegun }
            periodic.stop()
            loop.spawn { mayEnd = true }
            await periodic.finished()
            #expect(hasEnded)
        }
    }

    @Test("concurrently runs all items at once, and returns when the last is done")
    func concurrently() async throws {
        try await withLoop { loop in
            let inFlight = InFlightCount()
            var most = 0
            await loop.concurrently(Array(1...9)) { number in
                inFlight.begin()
                most = max(most, inFlight.count)
                await loop.sleep(for: .milliseconds(10 - number))
                inFlight.end()
            }
            #expect(most == 9 && inFlight.count == 0)
            await inFlight.drained()
            await loop.concurrently([Int]()) { _ in Issue.record("it ran") }
        }
    }
}
