import Dispatch
import Loops
import Synchronization
import Testing

@testable import Accounts

@Suite("Threads for slow work")
struct WorkersTests {
    @Test("running work is bounded by the threads, waiting work by the queue, and each unit is called once")
    func bounds() {
        let workers = Workers(threads: 2, queueLimit: 3, laneLimit: 3)
        let gate = DispatchSemaphore(value: 0)
        let started = DispatchSemaphore(value: 0)
        let ended = DispatchSemaphore(value: 0)
        let running = Atomic<Int>(0)
        let verdicts = Collected<Bool>()
        let submit = {
            workers.submit(as: .command) { mayRun in
                if mayRun {
                    #expect(running.add(1, ordering: .relaxed).newValue <= 2)
                    started.signal()
                    gate.wait()
                    running.subtract(1, ordering: .relaxed)
                }
                verdicts.add(mayRun)
                ended.signal()
            }
        }
        for _ in 0..<2 { submit() }
        for _ in 0..<2 { started.wait() }
        for _ in 0..<5 { submit() }
        #expect(verdicts.all == [false, false])
        for _ in 0..<5 { gate.signal() }
        for _ in 0..<7 { ended.wait() }
        #expect(verdicts.all.filter { $0 }.count == 5)
        #expect(verdicts.all.count == 7)
        // New work is accepted after all work has ended.
        gate.signal()
        submit()
        ended.wait()
        #expect(verdicts.all.count == 8)
    }

    @Test(
        "addresses take turns, registrations come last and are displaced, and each address has a limit")
    func fairness() {
        let workers = Workers(threads: 1, queueLimit: 6, laneLimit: 4)
        let gate = DispatchSemaphore(value: 0)
        let started = DispatchSemaphore(value: 0)
        let ended = DispatchSemaphore(value: 0)
        let done = Collected<String>()
        let refused = Collected<String>()
        func submit(_ name: String, _ kind: PasswordWork) {
            workers.submit(as: kind) { mayRun in
                if mayRun { done.add(name) } else { refused.add(name) }
                ended.signal()
            }
        }
        workers.submit(as: .command) { _ in
            started.signal()
            gate.wait()
        }
        started.wait()
        for index in 1...3 { submit("r\(index)", .registration(from: "mallory")) }
        for index in 1...5 { submit("m\(index)", .login(from: "mallory")) }
        // Four units of one address may wait, and a login displaces a registration.
        #expect(refused.all == ["r3", "m5"])
        submit("a1", .login(from: "ann"))
        submit("b1", .login(from: "bob"))
        #expect(refused.all == ["r3", "m5", "r2", "r1"])
        submit("c1", .login(from: "cid"))
        #expect(refused.all.last == "m4")
        submit("r4", .registration(from: "dan"))
        #expect(refused.all.last == "r4")
        gate.signal()
        for _ in 0..<12 { ended.wait() }
        #expect(done.all == ["m1", "a1", "b1", "c1", "m2", "m3"])
    }

    @Test("work runs off the loop without blocking the loop's other tasks, then resumes on the loop")
    func offTheLoop() async throws {
        let loop = try EventLoop(name: "workers")
        defer { loop.stop() }
        let gate = DispatchSemaphore(value: 0)
        let workers = Workers(threads: 1, queueLimit: 1, laneLimit: 1)
        let value = await loop.run { loop in
            // Only a loop that is not blocked can open the gate.
            loop.spawn { gate.signal() }
            let value = await workers.run(as: .command) {
                gate.wait()
                return 7
            }
            loop.executor.checkIsolated()
            return value
        }
        #expect(value == 7)
    }

    @Test("a hasher with a full queue throws overloaded, and counts only computed hashes")
    func overload() async {
        let hasher = PasswordHasher(threads: 1, queueLimit: 1)
        let verdicts = Collected<AccountError.Code?>()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<12 {
                group.addTask {
                    do throws(AccountError) {
                        _ = try await hasher.matches("abcdefg1", nil, as: .command)
                        verdicts.add(nil)
                    } catch {
                        verdicts.add(error.code)
                    }
                }
            }
        }
        let computed = verdicts.all.filter { $0 == nil }.count
        #expect(computed >= 1)
        #expect(verdicts.all.filter { $0 == .overloaded }.count == 12 - computed)
        #expect(hasher.hashes == computed)
    }
}
