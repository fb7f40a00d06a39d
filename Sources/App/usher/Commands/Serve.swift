import API
import Foundation
import HTTP
import Logging
import Loops
import PostgresClient
import RedisClient

/// `usher serve`: serves the API, with one server a loop, all on one port.
struct Serve {
    private let settings: Settings

    /// How long running requests may take to finish after SIGTERM.
    static let drainTime = Duration.seconds(10)
    /// How long a starting copy waits for stores that are not ready before it listens and reports itself unready.
    static let warmUpTime = Duration.seconds(3)

    init(_ settings: Settings) { self.settings = settings }

    func run() async throws {
        _ = try settings.trustedProxies()
        let warnings = try settings.paymentWarnings()
        try await Stores.prepare(settings)
        let traces = try await Traces.start(settings, service: "usher-serve")
        let metrics = try await RunningMetricsServer.start(settings)
        let copy = try await RunningCopy.start(settings, hasMetricsPort: metrics != nil)
        for warning in warnings { Log.warning(warning.sentence) { $0.add("remedy", warning.remedy) } }
        Log.info("serving") { $0.add("url", "http://\(settings.host):\(copy.port)") }
        await Signals.wait()
        Log.info("draining")
        await copy.drain()
        await metrics?.stop()
        await traces?.stop()
    }
}

/// The loops and servers of one copy of the API.
struct RunningCopy: Sendable {
    let port: Int
    private let loops: [(loop: EventLoop, server: ServerHolder)]
    private let feed: LiveFeed
    private let feedLoop: EventLoop

    /// Keeps a loop's server for `drain`.
    // SAFETY of @unchecked: `server` is touched in its loop's isolation only.
    private final class ServerHolder: @unchecked Sendable {
        var server: APIServer?
    }

    /// Starts listening.
    ///
    /// - Parameter demonstration: demo data that every client of this copy may see.
    /// - Parameter hasMetricsPort: whether metrics are served elsewhere.
    static func start(
        _ settings: Settings, demonstration: Demonstration? = nil, hasMetricsPort: Bool = false
    ) async throws -> RunningCopy {
        let descriptors = raiseDescriptorLimit()
        Version.tell()
        let count = try settings.integer(
            // Fewer loops make larger groups of claims. One processor is left for the stores that loops wait for.
            "USHER_LOOPS", 1...64, usual: max(1, ProcessInfo.processInfo.activeProcessorCount - 1))
        let redis = try settings.redis()
        let postgres = try settings.postgres()
        let accounts = try settings.accounts()
        var configuration = APIConfiguration(
            secret: try settings.secret(), apiKeys: try settings.apiKeys(),
            persistWait: .milliseconds(try settings.integer("USHER_PERSIST_WAIT_MS", 0...30000, usual: 250)),
            requiresIdempotencyKey: try settings.flag("USHER_REQUIRE_IDEMPOTENCY_KEY"),
            redisIsDurable: try await Stores.checkRedis(settings))
        configuration.gateway = try settings.gateway()
        configuration.webhookSignature = try settings.webhookSignature()
        configuration.corsOrigins = try settings.corsOrigins()
        configuration.allowsAnonymousReserve = try settings.flag("USHER_OPEN_RESERVE")
        configuration.allowsUnpaidTickets = try settings.allowsUnpaidTickets()
        configuration.accounts = accounts
        configuration.outboxLimit = try settings.integer("USHER_OUTBOX_LIMIT", 1...1_000_000_000, usual: 1_000_000)
        configuration.demonstration = demonstration
        configuration.inFlightLimit = try settings.integer("USHER_IN_FLIGHT_LIMIT", 1...100_000, usual: 256)
        configuration.connectionLimit = max(1, (descriptors - reservedDescriptors) / count - descriptorsOfLoop)
        configuration.rateLimits = try settings.rateLimits()
        configuration.trustedProxies = try settings.trustedProxies()
        configuration.clients = try settings.clients()
        configuration.hasMetrics = !hasMetricsPort
        let shared = configuration
        let partitions = try settings.partitions()
        let host = settings.host
        let wanted = try settings.port()
        let probe = try PortProbe.isFree(host: host, port: wanted)
        guard probe else { throw Failure("Port \(wanted) is taken; set PORT to another.") }
        var loops: [(loop: EventLoop, server: ServerHolder)] = []
        let name = UUID().uuidString.lowercased()
        let feedLoop = try EventLoop(name: "usher-feed")
        let feed = try await feedLoop.run { loop in try LiveFeed(loop: loop, redis: redis, partitions: partitions) }
        for index in 0..<count {
            let loop = try EventLoop(name: "usher-\(index)")
            let holder = ServerHolder()
            try await loop.run { loop in
                let server = try APIServer(
                    loop: loop, configuration: shared, redis: redis, postgres: postgres,
                    partitions: partitions, copy: "\(name)-\(index)", feed: feed)
                holder.server = server
            }
            loops.append((loop, holder))
        }
        for (loop, holder) in loops {
            try await loop.run { _ in
                await holder.server?.warmUp(within: Serve.warmUpTime)
                do throws(HTTPServerError) {
                    _ = try holder.server?.listen(host: host, port: wanted)
                } catch {
                    throw Failure("\(error.description).")
                }
            }
        }
        return RunningCopy(port: wanted, loops: loops, feed: feed, feedLoop: feedLoop)
    }

    /// Raises the soft limit of descriptors to the hard limit: every client needs one, and the usual limit, 1,024, is
    /// meant for programs that use select().
    ///
    /// - Returns: the new limit.
    private static func raiseDescriptorLimit() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return Int(clamping: limit.rlim_cur)
    }

    /// Descriptors reserved for the process, and for each loop's connections to stores and providers.
    private static let reservedDescriptors = 128
    private static let descriptorsOfLoop = 64

    /// Whether this copy can take bookings.
    func isReady() async -> Bool {
        guard let (loop, holder) = loops.first else { return false }
        return await loop.run { _ in await holder.server?.isReady() ?? false }
    }

    /// Stops accepting connections and finishes running requests, on all loops in parallel.
    func drain() async {
        await withTaskGroup { group in
            for (loop, holder) in loops {
                group.addTask {
                    await loop.run { _ in
                        await holder.server?.drain(within: Serve.drainTime)
                        // Release the server on its own loop.
                        holder.server = nil
                    }
                    loop.stop()
                }
            }
        }
        await feedLoop.run { _ in feed.close() }
        feedLoop.stop()
    }
}

/// Checks that a port is free. Loops share a port by SO_REUSEPORT, so a second copy could otherwise join silently.
enum PortProbe {
    static func isFree(host: String, port: Int) throws -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var one: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, 4)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else { return true }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
