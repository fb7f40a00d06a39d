import Loops
import PostgresClient
import Support
import Testing

@Suite("A failing PostgreSQL")
struct FailureTests {
    private func configuration(_ server: PostgresServerProcess) -> PostgresConfiguration {
        var configuration = PostgresConfiguration(uri: server.url)
        configuration.poolSize = 2
        configuration.backoffBase = .milliseconds(20)
        configuration.backoffLimit = .milliseconds(100)
        configuration.connectTimeout = .seconds(1)
        configuration.commandTimeout = .milliseconds(300)
        configuration.statementTimeout = .seconds(60)
        return configuration
    }

    private func recovers(_ loop: EventLoop, _ pool: PostgresPool) async -> Bool {
        await eventually(loop) { (try? await pool.query("SELECT 1")) != nil }
    }

    @Test("killed during a query: outcome unknown, then not connected at once, then usable again")
    func killed() async throws {
        let server = try PostgresServerProcess()
        var settings = configuration(server)
        settings.commandTimeout = .seconds(10)
        try await withPool(settings) { loop, pool in
            _ = try await pool.query("SELECT 1")
            let tally = Tally()
            loop.spawn {
                if let error = await failure(of: { _ = try await pool.query("SELECT pg_sleep(8)") }) {
                    tally.errors.append(error)
                }
            }
            #expect(await eventually(loop) { pool.busyCount == 1 })
            await loop.sleep(for: .milliseconds(50))
            server.kill()
            #expect(await eventually(loop) { tally.total == 1 })
            #expect(tally.errors.first?.code == .outcomeUnknown)
            let error = await failure { _ = try await pool.query("SELECT 1") }
            #expect(error?.code == .notConnected)
            #expect(error?.isRetryable == true)
            try server.start()
            #expect(await recovers(loop, pool))
            #expect(loop.isCurrent)
        }
    }

    @Test("an orderly restart while connections are idle is detected before anything is sent")
    func restarted() async throws {
        let server = try PostgresServerProcess()
        try await withPool(configuration(server)) { _, pool in
            _ = try await pool.query("SELECT 1")
            try server.restart()
            // The loop was blocked in the meantime: the idle connection is dead, but that has not been detected.
            let rows = try await pool.query("SELECT 2 AS n")
            #expect(try rows[0].integer("n") == 2)
        }
    }

    @Test("a hanging server: timeout, outcome unknown, then usable again")
    func hangs() async throws {
        let server = try PostgresServerProcess()
        try await withPool(configuration(server)) { loop, pool in
            _ = try await pool.query("SELECT 1")
            server.suspend()
            let start = monotonicNanoseconds()
            let first = await failure { _ = try await pool.query("SELECT 1") }
            #expect(first?.code == .outcomeUnknown)
            // The kernel still accepts connections, the server does not answer: the connect timeout applies.
            let second = await failure { _ = try await pool.query("SELECT 1") }
            #expect(second?.code == .notConnected)
            #expect(monotonicNanoseconds() - start < 5_000_000_000)
            server.resume()
            #expect(await recovers(loop, pool))
        }
    }

    @Test("while the server is unavailable callers fail fast and few attempts are made")
    func failsFast() async throws {
        var settings = PostgresConfiguration(uri: "postgres://127.0.0.1:1/x")
        settings.backoffBase = .seconds(5)
        try await withPool(settings) { loop, pool in
            _ = await failure { _ = try await pool.query("SELECT 1") }
            let start = monotonicNanoseconds()
            for _ in 0..<1_000 {
                let error = await failure { _ = try await pool.query("SELECT 1") }
                #expect(error?.code == .notConnected)
                #expect(pool.connectionCount == 0)
            }
            #expect(monotonicNanoseconds() - start < 1_000_000_000)
        }
    }

    @Test("a server without free connections blocks no caller forever: 53300 is retryable")
    func tooManyClients() async throws {
        var options = PostgresServerProcess.Options()
        options.settings = ["max_connections=4", "superuser_reserved_connections=0", "max_wal_senders=0"]
        let server = try PostgresServerProcess(options)
        var settings = configuration(server)
        settings.poolSize = 8
        settings.commandTimeout = .seconds(5)
        try await withPool(settings) { loop, pool in
            let tally = Tally()
            for _ in 0..<40 {
                loop.spawn {
                    do throws(PostgresError) {
                        _ = try await pool.query("SELECT pg_sleep(0.01)")
                        tally.successes += 1
                    } catch { tally.errors.append(error) }
                }
            }
            #expect(await eventually(loop) { tally.total == 40 })
            #expect(tally.successes == 40)
        }
    }
}
