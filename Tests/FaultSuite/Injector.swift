import Foundation
import Glibc
import Support

/// Carries out one injection on a world.
struct Injector {
    private let world: World
    private let injection: Injection
    private var dice: SeededGenerator

    init(_ world: World, _ injection: Injection) {
        self.world = world
        self.injection = injection
        dice = SeededGenerator(seed: injection.seed)
    }

    /// Starts the fault, waits, and ends it; the world's `heal` does the rest.
    mutating func run() throws {
        usleep(UInt32(injection.begins) * 1000)
        switch injection.fault {
        case .killRedis, .stopRedis, .cutTail, .promoteReplica, .failBack, .flushAll, .flushFunctions, .deleteStream,
            .diskFull:
            try disturbRedis()
        case .killPostgres, .stopPostgres, .restartPostgres, .duplicateBatches: try disturbPostgres()
        case .killServer, .stopServer, .killReconciler, .stopReconciler, .clockStep: try disturbCopy()
        case .resetCommits, .latency, .lostRequests, .lostAnswers, .resets, .halfOpen, .slices, .stall:
            disturbNetwork()
        }
    }

    private func last() { usleep(UInt32(injection.lasts) * 1000) }

    // MARK: - Redis

    private mutating func disturbRedis() throws {
        let redis = world.redis
        let node = redis.primary
        switch injection.fault {
        case .killRedis:
            node.kill()
            last()
            try node.start()
        case .stopRedis:
            node.suspend()
            last()
            node.resume()
        case .cutTail: try cutTail(node)
        case .promoteReplica: promote()
        case .failBack:
            redis.link.disturb(.stall)
            last()
            try redis.failBack()
        case .flushAll: redis.order(node, "FLUSHALL")
        case .flushFunctions:
            let end = monotonicMilliseconds() + Int64(injection.lasts)
            while monotonicMilliseconds() < end {
                redis.order(node, "FUNCTION FLUSH")
                usleep(20_000)
            }
        case .deleteStream: redis.order(node, "DEL {p\(Int.random(in: 0..<4, using: &dice))}:outbox")
        default: try fillDisk(node)
        }
    }

    /// Without a mounted disk, a file size limit stops all writes instead.
    private func fillDisk(_ node: RedisServerProcess) throws {
        let disk = world.redis.disk
        if disk.isMounted {
            disk.fill()
        } else if let process = node.processID {
            _ = try Program("prlimit", ["--pid", "\(process)", "--fsize=\(try node.appendedBytes())"]).wait()
        }
        last()
        disk.free()
        // With `appendfsync always` Redis has exited already.
        node.kill()
        try node.start()
    }

    /// Like a power failure with `appendfsync everysec`: the last acknowledged writes are lost.
    private mutating func cutTail(_ node: RedisServerProcess) throws {
        let before = try node.appendedBytes()
        last()
        node.kill()
        let after = try node.appendedBytes()
        try node.cutAppended(to: UInt64.random(in: min(before, after)...after, using: &dice))
        try node.start()
    }

    /// Moves all copies except one of the API to a lagging replica; the old primary still serves that one.
    private mutating func promote() {
        world.redis.link.disturb(.stall)
        last()
        world.redis.promote()
        let stays = World.servers.randomElement(using: &dice)
        for copy in World.copies where copy != stays { world.setRedis(of: copy, port: world.redis.port) }
        last()
    }

    // MARK: - PostgreSQL

    private mutating func disturbPostgres() throws {
        let postgres = world.postgres
        switch injection.fault {
        case .killPostgres:
            postgres.kill()
            last()
            try postgres.start()
        case .stopPostgres:
            postgres.suspend()
            last()
            postgres.resume()
        case .restartPostgres: try postgres.restart()
        default:
            // For a while, each copy believes that it still owns partitions that were assigned to another.
            let end = monotonicMilliseconds() + Int64(injection.lasts)
            while monotonicMilliseconds() < end {
                try? postgres.query(
                    """
                    UPDATE partitions SET owner = (SELECT id FROM reconcilers r WHERE r.id <> partitions.owner LIMIT 1)
                    WHERE owner IS NOT NULL
                    """, database: "postgres")
                usleep(50_000)
            }
        }
    }

    // MARK: - Usher's processes

    private mutating func disturbCopy() throws {
        let isServer = [.killServer, .stopServer].contains(injection.fault)
        let isEither = injection.fault == .clockStep
        let names = isEither ? World.copies : isServer ? World.servers : World.reconcilers
        guard let name = names.randomElement(using: &dice) else { return }
        switch injection.fault {
        case .killServer, .killReconciler:
            world.killCopy(name)
            last()
            try world.startCopy(name)
        case .stopServer, .stopReconciler:
            world.signalCopy(name, SIGSTOP)
            // Twice the fault's duration, to outlast the lease.
            last()
            last()
            world.signalCopy(name, SIGCONT)
        default:
            let clock = try FalseClock()
            world.killCopy(name)
            try world.startCopy(name, clock: clock)
            usleep(700_000)
            try clock.set(seconds: Bool.random(using: &dice) ? 3600 : -3600)
            last()
            try clock.set(seconds: 0)
        }
    }

    // MARK: - The network

    private mutating func disturbNetwork() {
        let isCommits = injection.fault == .resetCommits
        // Half of all links, or one of them.
        let names = world.links.keys.filter { !isCommits || $0.hasPrefix("reconcile") && $0.hasSuffix(">postgres") }
            .sorted().shuffled(using: &dice)
        let chosen = isCommits ? names : Array(names.prefix(Bool.random(using: &dice) ? 1 : names.count / 2))
        for name in chosen { world.links[name]?.disturb(disturbance()) }
        last()
        for name in chosen { world.links[name]?.heal() }
    }

    private mutating func disturbance() -> Disturbance {
        switch injection.fault {
        case .resetCommits: .resets(withinBytes: 4096)
        case .latency: .latency(milliseconds: Int.random(in: 5...300, using: &dice))
        case .lostRequests: .lostRequests
        case .lostAnswers: .lostAnswers
        case .resets: .resets(withinBytes: Int.random(in: 0...20_000, using: &dice))
        case .halfOpen: .halfOpen
        case .slices: .slices
        default: .stall
        }
    }
}
