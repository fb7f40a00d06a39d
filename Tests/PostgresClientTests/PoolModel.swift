@testable import PostgresClient

/// Simulates the environment of `PoolState` and records every violated rule.
struct PoolModel {
    private var pool: PoolState
    private let size: Int
    private var now: Int64 = 0
    private var attempts: Set<Int> = []
    private var open: Set<Int> = []
    private var users: [Int: Int] = [:]
    private var waiting: Set<Int> = []
    private var retries: [Int64] = []
    private(set) var faults: [String] = []

    init(size: Int, queue: Int) {
        self.size = size
        pool = PoolState(
            limits: .init(size: size, maximumWaiters: queue, backoffBase: 10, backoffLimit: 100))
    }

    mutating func step(_ random: inout some RandomNumberGenerator) {
        now += Int64.random(in: 0...5, using: &random)
        switch Int.random(in: 0..<8, using: &random) {
        case 0, 1, 2: acquire()
        case 3: if let slot = attempts.sorted().randomElement(using: &random) { succeed(slot) }
        case 4:
            guard let slot = attempts.sorted().randomElement(using: &random) else { return }
            attempts.remove(slot)
            apply(pool.connectFailed(slot, now: now, chance: Double.random(in: 0..<1, using: &random)))
        case 5:
            guard let slot = users.keys.sorted().randomElement(using: &random) else { return }
            release(slot, isUsable: Int.random(in: 0..<4, using: &random) > 0)
        case 6: if let slot = open.sorted().randomElement(using: &random) { apply(pool.lost(slot)) }
        default: if let waiter = waiting.sorted().randomElement(using: &random) { apply(pool.expire(waiter)) }
        }
        let due = retries.filter { $0 <= now }
        retries.removeAll { $0 <= now }
        if !due.isEmpty { apply(pool.retry(now: now)) }
        check()
    }

    /// From here on everything works: no waiter may remain.
    mutating func finish() {
        for _ in 0..<1_000 where !(waiting.isEmpty && users.isEmpty && attempts.isEmpty) {
            now += 200
            if !retries.isEmpty {
                retries = []
                apply(pool.retry(now: now))
            }
            for slot in attempts.sorted() { succeed(slot) }
            for slot in users.keys.sorted() { release(slot, isUsable: true) }
        }
        if !waiting.isEmpty { faults.append("waiting forever: \(waiting.sorted())") }
        apply(pool.close())
        if !open.isEmpty { faults.append("left open: \(open.sorted())") }
    }

    private mutating func acquire() {
        let (waiter, actions) = pool.acquire(now: now)
        waiting.insert(waiter)
        apply(actions)
    }

    private mutating func succeed(_ slot: Int) {
        attempts.remove(slot)
        open.insert(slot)
        apply(pool.connected(slot, now: now))
    }

    private mutating func release(_ slot: Int, isUsable: Bool) {
        users[slot] = nil
        apply(pool.release(slot, isUsable: isUsable, now: now))
    }

    private mutating func apply(_ actions: [PoolState.Action]) {
        for action in actions {
            switch action {
            case .connect(let slot): attempts.insert(slot)
            case .grant(let waiter, let slot):
                if waiting.remove(waiter) == nil { faults.append("granted to \(waiter), which is not waiting") }
                if !open.contains(slot) { faults.append("granted \(slot), which is not open") }
                if users.updateValue(waiter, forKey: slot) != nil { faults.append("\(slot) has two users") }
            case .fail(let waiter, _):
                if waiting.remove(waiter) == nil { faults.append("failed \(waiter), which is not waiting") }
            case .discard(let slot):
                if open.remove(slot) == nil { faults.append("discarded \(slot), which is not open") }
                if users[slot] != nil { faults.append("discarded \(slot), which is in use") }
            case .retry(let time): retries.append(time)
            }
        }
    }

    private mutating func check() {
        if open.count + attempts.count > size { faults.append("more than \(size) connections") }
        if pool.connectionCount != open.count + attempts.count { faults.append("miscounted connections") }
        if pool.waiterCount != waiting.count { faults.append("miscounted waiters") }
        // A waiter must have something to wait for.
        if !waiting.isEmpty, attempts.isEmpty, users.isEmpty, retries.isEmpty { faults.append("waiting for nothing") }
    }
}
