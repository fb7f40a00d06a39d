import Loops
import Support
import Testing

@testable import PostgresClient

@Suite("A pool of connections")
struct PoolTests {
    @Test("a hundred concurrent queries share two connections")
    func bounded() async throws {
        try await withPool(size: 2) { loop, pool in
            let tally = Tally()
            for number in 0..<100 {
                loop.spawn {
                    do throws(PostgresError) {
                        let rows = try await pool.query(
                            "SELECT $1::bigint FROM pg_sleep(0.001)", [.integer(Int64(number))])
                        if try rows[0].integer(0) == Int64(number), loop.isCurrent { tally.successes += 1 }
                    } catch { tally.errors.append(error) }
                    tally.peak = max(tally.peak, pool.connectionCount)
                }
            }
            #expect(await eventually(loop) { tally.total == 100 })
            #expect(tally.successes == 100)
            #expect(tally.peak == 2)
            #expect(pool.busyCount == 0)
        }
    }

    @Test("a caller that waits too long, or finds the queue full, gets an error")
    func waits() async throws {
        var configuration = PostgresConfiguration(uri: try TestServers.postgres.url)
        configuration.poolSize = 1
        configuration.acquireTimeout = .seconds(1)
        configuration.maximumWaiters = 1
        try await withPool(configuration) { loop, pool in
            _ = try await pool.query("SELECT 1")
            try await pool.withConnection { _ in
                let tally = Tally()
                loop.spawn {
                    if let error = await failure(of: { _ = try await pool.query("SELECT 1") }) {
                        tally.errors.append(error)
                    }
                }
                #expect(await eventually(loop) { pool.waiterCount == 1 })
                let full = await failure { _ = try await pool.query("SELECT 1") }
                #expect(full?.code == .poolTimeout)
                #expect(await eventually(loop) { tally.total == 1 })
                #expect(tally.errors.first?.code == .poolTimeout)
                #expect(pool.waiterCount == 0)
            }
            let rows = try await pool.query("SELECT 1")
            #expect(rows.count == 1)
        }
    }

    @Test("a transaction left open on a leased connection closes it, without affecting the next user")
    func leftOpen() async throws {
        try await withPool(size: 1) { _, pool in
            try await pool.withConnection { connection in _ = try await connection.simpleQuery("BEGIN") }
            #expect(pool.connectionCount == 0)
            let rows = try await pool.query("SELECT 1")
            #expect(rows.count == 1)
        }
    }

    @Test("a closed pool refuses callers, and leaks no descriptor")
    func descriptors() async throws {
        let server = try PostgresServerProcess()
        try await onLoop { loop in
            let before = descriptorsToServer(server.port)
            for _ in 0..<20 {
                let pool = PostgresPool(loop: loop, configuration: PostgresConfiguration(uri: server.url))
                _ = try await pool.query("SELECT 1")
                _ = await failure { _ = try await pool.query("SELECT 1 / $1::bigint", [0]) }
                _ = await failure {
                    try await pool.withConnection {
                        _ = try await $0.query("SELECT pg_sleep(9)", timeout: .milliseconds(1))
                    }
                }
                _ = try await pool.query("SELECT 1")
                pool.close()
                let closed = await failure { _ = try await pool.query("SELECT 1") }
                #expect(closed?.code == .notConnected)
            }
            #expect(before == 0)
            #expect(descriptorsToServer(server.port) == 0)
        }
    }

    @Test("everything stays on the loop")
    func staysOnTheLoop() async throws {
        try await withPool(size: 1) { loop, pool in
            let tally = Tally()
            loop.spawn {
                _ = try? await pool.query("SELECT 1")
                let before = loop.executor.enqueuedJobs
                for _ in 0..<100 where (try? await pool.query("SELECT 1")) != nil && loop.isCurrent {
                    tally.successes += 1
                }
                tally.peak = loop.executor.enqueuedJobs - before
            }
            #expect(await eventually(loop) { tally.peak > 0 })
            #expect(tally.successes == 100)
            // One per answer; a few belong to the waiting test itself.
            #expect(tally.peak <= 150)
        }
    }
}
