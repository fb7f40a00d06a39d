import Glibc
import Synchronization

/// The servers that the suites of a test process share, started at first use and stopped at exit.
///
/// Each suite uses its own key prefix or database. A suite that stops or hangs a server starts its own.
package enum TestServers {
    /// The shared Redis: no password, no append-only file.
    package static var redis: RedisServerProcess {
        get throws { try sharedRedis.get() }
    }

    /// The shared PostgreSQL.
    package static var postgres: PostgresServerProcess {
        get throws { try sharedPostgres.get() }
    }

    private static let sharedRedis = Result {
        let server = try RedisServerProcess()
        stopAtExit { server.discard() }
        return server
    }

    private static let sharedPostgres = Result {
        var options = PostgresServerProcess.Options()
        // Many suites run at once, each with its own pools.
        options.settings = ["max_connections=300"]
        let server = try PostgresServerProcess(options)
        stopAtExit { server.discard() }
        return server
    }

    private static let stops = Mutex<[@Sendable () -> Void]>([])

    private static func stopAtExit(_ stop: @escaping @Sendable () -> Void) {
        let first = stops.withLock { stops in
            stops.append(stop)
            return stops.count == 1
        }
        guard first else { return }
        atexit {
            for stop in TestServers.stops.withLock({ $0 }) { stop() }
        }
    }
}
