import Glibc
import Loops
import Testing

@Suite("Event loop")
struct LoopsTests {
    @Test("runs work on its own thread and returns the value")
    func runsOnItsThread() async throws {
        let loop = try EventLoop(name: "test")
        #expect(!loop.isCurrent)
        let inside = await loop.run { $0.isCurrent }
        #expect(inside)
        loop.stop()
    }

    /// The resuming job is nonisolated and enqueues the actor's job: both run on the loop's thread.
    @Test("awaiting a continuation resumed from another thread takes at most two jobs, and continues on the loop")
    func fewJobsPerAwait() async throws {
        let loop = try EventLoop(name: "test")
        let (enqueues, onLoop) = await Task(executorPreference: loop.executor) {
            await loop.run { loop in
                let before = loop.executor.enqueuedJobs
                await resumedElsewhere()
                return (loop.executor.enqueuedJobs - before, loop.isCurrent)
            }
        }.value
        #expect((1...2).contains(enqueues))
        #expect(onLoop)
        loop.stop()
    }

    @Test("calling an async function with the same isolation enqueues nothing")
    func noEnqueueForACall() async throws {
        let loop = try EventLoop(name: "test")
        let enqueues = await Task(executorPreference: loop.executor) {
            await loop.run { loop in
                let before = loop.executor.enqueuedJobs
                for _ in 0..<10 { await immediately() }
                return loop.executor.enqueuedJobs - before
            }
        }.value
        #expect(enqueues == 0)
        loop.stop()
    }

    @Test("in a task started on the loop, calls enqueue nothing either, and an await enqueues one job")
    func noEnqueueInATask() async throws {
        let loop = try EventLoop(name: "test")
        let (calls, awaits, onLoop) = await loop.run { loop in
            await withUnsafeContinuation { (done: UnsafeContinuation<(Int, Int, Bool), Never>) in
                loop.spawn { done.resume(returning: await countJobs(of: loop)) }
            }
        }
        #expect(calls == 0 && awaits == 1 && onLoop)
        loop.stop()
    }

    @Test("timers fire in deadline order")
    func timersInOrder() async throws {
        let loop = try EventLoop(name: "test")
        let order = await loop.run { loop in
            let seen = Seen()
            await withUnsafeContinuation { (done: UnsafeContinuation<Void, Never>) in
                for milliseconds in [30, 10, 20] {
                    seen.timers.append(
                        try? LoopTimer(loop: loop, after: .milliseconds(milliseconds), repeats: false) {
                            seen.order.append(milliseconds)
                            if seen.order.count == 3 { done.resume() }
                        })
                }
            }
            return seen.order
        }
        #expect(order == [10, 20, 30])
        loop.stop()
    }

    @Test("a repeating timer fires until it is cancelled from its own callback")
    func repeatingTimer() async throws {
        let loop = try EventLoop(name: "test")
        let count = await loop.run { loop in
            let seen = Seen()
            await withUnsafeContinuation { (done: UnsafeContinuation<Void, Never>) in
                let timer = try? LoopTimer(loop: loop, after: .milliseconds(1), repeats: true) {
                    seen.order.append(1)
                    guard seen.order.count == 3 else { return }
                    seen.timers[0]?.cancel()
                    done.resume()
                }
                seen.timers.append(timer)
            }
            await loop.sleep(for: .milliseconds(10))
            return seen.order.count
        }
        #expect(count == 3)
        loop.stop()
    }

    @Test("a restarted repeating timer fires repeatedly at its new interval")
    func restartedTimer() async throws {
        let loop = try EventLoop(name: "test")
        let count = await loop.run { loop in
            let seen = Seen()
            await withUnsafeContinuation { (done: UnsafeContinuation<Void, Never>) in
                let timer = try? LoopTimer(loop: loop, after: .seconds(3600), repeats: true) {
                    seen.order.append(1)
                    guard seen.order.count == 3 else { return }
                    seen.timers[0]?.cancel()
                    done.resume()
                }
                seen.timers.append(timer)
                timer?.restart(after: .milliseconds(1))
            }
            return seen.order.count
        }
        #expect(count == 3)
        loop.stop()
    }

    @Test("end-of-tick hooks run after the tick's jobs, gather before flush")
    func endOfTick() async throws {
        let loop = try EventLoop(name: "test")
        let order = await loop.run { loop in
            let seen = Seen()
            let flush = loop.atEndOfTick(.flush) { if seen.order.count < 3 { seen.order.append(2) } }
            let gather = loop.atEndOfTick(.gather) { if seen.order.count < 3 { seen.order.append(1) } }
            loop.spawn { seen.order.append(0) }
            await loop.sleep(for: .milliseconds(5))
            loop.remove(flush)
            loop.remove(gather)
            return seen.order
        }
        #expect(order.suffix(2) == [1, 2])
        loop.stop()
    }

    @Test("a descriptor's readiness is reported on the loop, and not after the watch is cancelled")
    func descriptorReadiness() async throws {
        let loop = try EventLoop(name: "test")
        let reads = try await loop.run { loop in
            var ends: [Int32] = [0, 0]
            #expect(pipe(&ends) == 0)
            let seen = Seen()
            let reader = ends[0]
            let watch = try DescriptorWatch(
                loop: loop, descriptor: reader,
                onRead: {
                    var byte: UInt8 = 0
                    read(reader, &byte, 1)
                    seen.order.append(Int(byte))
                }, onWrite: {})
            watch.reading = true
            write(ends[1], [7], 1)
            await loop.sleep(for: .milliseconds(5))
            watch.cancel()
            write(ends[1], [8], 1)
            await loop.sleep(for: .milliseconds(5))
            close(ends[0])
            close(ends[1])
            return seen.order
        }
        #expect(reads == [7])
        loop.stop()
    }
}

private final class Seen {
    var order: [Int] = []
    var timers: [LoopTimer?] = []
}

private func immediately() async {}

/// Counts the jobs of ten calls and one await in nonisolated code, as in a request.
@concurrent private func countJobs(of loop: EventLoop) async -> (calls: Int, awaits: Int, onLoop: Bool) {
    let start = loop.executor.enqueuedJobs
    for _ in 0..<10 { await immediately() }
    let called = loop.executor.enqueuedJobs
    await resumedElsewhere()
    return (called - start, loop.executor.enqueuedJobs - called, loop.isCurrent)
}

private func resumedElsewhere() async {
    await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
        Task.detached { continuation.resume() }
    }
}
