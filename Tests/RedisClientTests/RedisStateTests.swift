import Support
import Testing

@testable import RedisClient

@Suite("Redis state machines")
struct RedisStateTests {
    @Test("the delay doubles up to its maximum, jittered to no less than half, and restarts after a success")
    func backoff() {
        var random = SeededGenerator.fromEnvironment()
        var backoff = Backoff(minimum: .nanoseconds(100), maximum: .nanoseconds(1_000))
        for ceiling in [100, 200, 400, 800, 1_000, 1_000] {
            #expect((Int64(ceiling / 2)...Int64(ceiling)).contains(backoff.next(using: &random)))
        }
        backoff.reset()
        #expect(backoff.next(using: &random) <= 100)
    }

    @Test("a connection cycle starts, connects, opens, is lost, and reconnects until closed")
    func cycle() {
        var random = SeededGenerator.fromEnvironment()
        var configuration = RedisConfiguration(.tcp(host: "h", port: 1))
        configuration.connectTimeout = .nanoseconds(50)
        configuration.minimumBackoff = .nanoseconds(10)
        var cycle = ConnectionCycle(configuration)
        #expect(cycle.tick(now: 0) == .nothing)
        cycle.start(now: 5)
        #expect(cycle.tick(now: 5) == .connect)
        #expect(cycle.tick(now: 54) == .nothing)
        #expect(cycle.tick(now: 55) == .giveUpAttempt)
        cycle.lost(now: 55, using: &random)
        #expect(cycle.tick(now: 59) == .nothing)
        #expect(cycle.tick(now: 65) == .connect)
        cycle.opened()
        #expect(cycle.state == .open)
        #expect(cycle.tick(now: 1_000) == .nothing)
        cycle.lost(now: 1_000, using: &random)
        #expect(cycle.tick(now: 1_010) == .connect)
        cycle.close()
        cycle.opened()
        cycle.lost(now: 2_000, using: &random)
        #expect(cycle.state == .closed)
        #expect(cycle.tick(now: 9_000) == .nothing)
    }

    @Test("pending commands leave in order, and match an array model under random use")
    func pendingModel() {
        var random = SeededGenerator.fromEnvironment()
        var pending = PendingCommands<Int>()
        var model: [(waiter: Int, length: Int, deadline: Int64)] = []
        for step in 0..<20_000 {
            // Grows at first, then shrinks.
            if Int.random(in: 0..<10, using: &random) < (step < 10_000 ? 7 : 3) {
                let length = Int.random(in: 1...9, using: &random)
                pending.append(step, length: length, deadline: Int64(step))
                model.append((step, length, Int64(step)))
            } else {
                #expect(pending.popFirst() == (model.isEmpty ? nil : model.removeFirst().waiter))
            }
            #expect(pending.count == model.count)
            #expect(pending.oldestDeadline == model.first?.deadline)
            #expect(pending.totalLength == model.reduce(0) { $0 + $1.length } || step % 97 != 0)
        }
    }

    @Test("a lost queue is split at the last completely written command")
    func pendingSplit() {
        func split(_ unwritten: Int) -> [[Int]] {
            var pending = PendingCommands<Int>()
            for waiter in 1...3 { pending.append(waiter, length: 10, deadline: 0) }
            let result = pending.removeAll(unwritten: unwritten)
            #expect(pending.count == 0 && pending.totalLength == 0)
            return [result.written, result.unwritten]
        }
        #expect(split(0) == [[1, 2, 3], []])
        #expect(split(1) == [[1, 2], [3]])
        #expect(split(10) == [[1, 2], [3]])
        #expect(split(11) == [[1], [2, 3]])
        #expect(split(30) == [[], [1, 2, 3]])
    }

    @Test("expired commands are removed from the front, with their bytes")
    func pendingExpiry() {
        var pending = PendingCommands<Int>()
        for waiter in 1...3 { pending.append(waiter, length: waiter, deadline: Int64(waiter * 10)) }
        let expired = pending.popExpired(now: 20)
        #expect(expired.waiters == [1, 2] && expired.length == 3)
        pending.setDeadlines(99)
        #expect(pending.oldestDeadline == 99 && pending.popExpired(now: 98).waiters == [])
    }

    @Test("the handshake sends what is configured, and evaluates each reply")
    func handshake() {
        var configuration = RedisConfiguration(.unix(path: "/s"))
        configuration.user = "u"
        configuration.password = "p"
        configuration.database = 2
        configuration.clientName = "usher"
        let fresh = RedisHandshake(configuration)
        let said = String(decoding: fresh.bytes, as: UTF8.self)
        #expect(said.hasPrefix("*3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$1\r\np\r\n*2\r\n$6\r\nSELECT\r\n"))
        let info = RedisValue.bytes(Array("run_id:a\nrole:master\nmaster_replid:b\n".utf8))
        let denied = RedisValue.error(RedisServerError(message: "NOPERM no"))
        var good = fresh
        #expect(good.receive(.status("OK")) == .waiting && good.receive(.status("OK")) == .waiting)
        #expect(good.receive(denied) == .waiting)
        #expect(good.receive(info) == .done(RedisIdentity(runID: "a", replicationID: "b", isMaster: true)))
        var bad = fresh
        #expect(bad.receive(.error(RedisServerError(message: "WRONGPASS u p"))) != .waiting)
        var unknown = RedisHandshake(RedisConfiguration(.unix(path: "/s")))
        #expect(unknown.receive(denied) == .done(nil))
    }
}
