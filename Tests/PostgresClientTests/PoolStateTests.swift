import Support
import Testing

@testable import PostgresClient

@Suite("Pool state")
struct PoolStateTests {
    private func state(size: Int = 2, waiters: Int = 10) -> PoolState {
        PoolState(limits: .init(size: size, maximumWaiters: waiters, backoffBase: 100, backoffLimit: 1_000))
    }

    @Test("one connection per waiter is opened up to the limit, and granted in order")
    func grants() {
        var pool = state()
        #expect(pool.acquire(now: 0).1 == [.connect(0)])
        #expect(pool.acquire(now: 0).1 == [.connect(1)])
        #expect(pool.acquire(now: 0).1 == [])
        #expect(pool.connected(1, now: 0) == [.grant(0, 1)])
        #expect(pool.connected(0, now: 0) == [.grant(1, 0)])
        #expect(pool.release(0, isUsable: true, now: 0) == [.grant(2, 0)])
        #expect(pool.release(0, isUsable: true, now: 0) == [])
        #expect(pool.acquire(now: 0).1 == [.grant(3, 0)])
    }

    @Test("a broken connection is discarded and replaced for a waiter")
    func replaces() {
        var pool = state(size: 1)
        _ = pool.acquire(now: 0)
        _ = pool.connected(0, now: 0)
        _ = pool.acquire(now: 0)
        #expect(pool.release(0, isUsable: false, now: 0) == [.discard(0), .connect(1)])
        #expect(pool.connected(1, now: 0) == [.grant(1, 1)])
        #expect(pool.release(1, isUsable: true, now: 0) == [])
        #expect(pool.lost(1) == [.discard(1)])
        #expect(pool.connectionCount == 0)
    }

    @Test("if the server is unreachable all waiters fail, and later ones at once until the pause is over")
    func backsOff() {
        var pool = state()
        _ = pool.acquire(now: 0)
        _ = pool.acquire(now: 0)
        #expect(pool.connectFailed(0, now: 0, chance: 0) == [])
        #expect(pool.connectFailed(1, now: 0, chance: 0) == [.fail(0, .unreachable), .fail(1, .unreachable)])
        #expect(pool.acquire(now: 49).1 == [.fail(2, .unreachable)])
        // Then one attempt is made for all.
        #expect(pool.acquire(now: 50).1 == [.connect(2)])
        #expect(pool.acquire(now: 50).1 == [])
        #expect(pool.connectFailed(2, now: 60, chance: 0) == [.fail(3, .unreachable), .fail(4, .unreachable)])
        #expect(pool.acquire(now: 159).1 == [.fail(5, .unreachable)])
        #expect(pool.acquire(now: 160).1 == [.connect(3)])
        #expect(pool.connected(3, now: 170) == [.grant(6, 3)])
    }

    @Test("pauses double up to the limit, and their second half is random")
    func pauses() {
        var pool = state(size: 1)
        var now: Int64 = 0
        for pause in [100, 200, 400, 800, 1_000, 1_000] as [Int64] {
            let (_, actions) = pool.acquire(now: now)
            guard case .connect(let slot) = actions.first else {
                Issue.record("no attempt")
                return
            }
            _ = pool.connectFailed(slot, now: now, chance: 0.5)
            #expect(pool.acquire(now: now + pause * 3 / 4 - 1).1.first != .connect(slot + 1))
            now += pause * 3 / 4
        }
    }

    @Test("while some connections work, waiters stay and the attempt is repeated after the pause")
    func repeatsForWaiters() {
        var pool = state()
        _ = pool.acquire(now: 0)
        _ = pool.connected(0, now: 0)
        #expect(pool.acquire(now: 0).1 == [.connect(1)])
        #expect(pool.connectFailed(1, now: 0, chance: 0) == [.retry(at: 50)])
        #expect(pool.retry(now: 50) == [.connect(2)])
        #expect(pool.release(0, isUsable: true, now: 51) == [.grant(1, 0)])
    }

    @Test("the queue is bounded and forgets expired waiters")
    func queue() {
        var pool = state(size: 1, waiters: 1)
        _ = pool.acquire(now: 0)
        #expect(pool.acquire(now: 0).1 == [.fail(1, .queueFull)])
        #expect(pool.expire(0) == [.fail(0, .timedOut)])
        #expect(pool.expire(0) == [])
        #expect(pool.connected(0, now: 0) == [])
        #expect(pool.acquire(now: 0).1 == [.grant(2, 0)])
    }

    @Test("closing fails all waiters and discards all connections, late ones too")
    func closes() {
        var pool = state()
        _ = pool.acquire(now: 0)
        _ = pool.connected(0, now: 0)
        _ = pool.acquire(now: 0)
        #expect(pool.close() == [.fail(1, .closed)])
        #expect(pool.release(0, isUsable: true, now: 0) == [.discard(0)])
        #expect(pool.connected(1, now: 0) == [.discard(1)])
        #expect(pool.acquire(now: 0).1 == [.fail(2, .closed)])
    }

    @Test("under random events: limits hold, no connection has two users, every waiter is answered once")
    func random() {
        var random = SeededGenerator.fromEnvironment()
        let seed = random.seed
        for _ in 0..<300 {
            var model = PoolModel(
                size: Int.random(in: 1...4, using: &random), queue: Int.random(in: 0...6, using: &random))
            for _ in 0..<200 { model.step(&random) }
            model.finish()
            #expect(model.faults.isEmpty, "seed \(seed)")
            if !model.faults.isEmpty { return }
        }
    }
}
