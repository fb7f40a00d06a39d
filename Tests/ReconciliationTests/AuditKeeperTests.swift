import Loops
import PostgresClient
import Records
import Support
import Testing

@testable import Reconciliation

@Suite("Audit log maintenance")
struct AuditKeeperTests {
    @Test("deletes all entries older than the retention in small steps, and ends when it is stopped")
    func retention() async throws {
        let url = try TestServers.postgres.createDatabase("audit_keeper")
        let loop = try EventLoop(name: "test-keeper")
        defer { loop.stop() }
        try await loop.run { loop in
            let pool = PostgresPool(loop: loop, configuration: PostgresConfiguration(uri: url))
            defer { pool.close() }
            _ = try await Migrator(migrations: Schema.migrations).up(on: pool)
            let log = AuditLog(pool: pool)
            // 1,200 entries, a second apart; the last 200 are younger than the retention.
            try await log.append(
                (0..<1200).map { second in
                    AuditEntry(
                        id: AuditEntry.id(milliseconds: second * 1000, random: (0, UInt64(second))),
                        at: second * 1000, actor: .init(.system, "test"), action: "test", outcome: .done)
                })
            let keeper = AuditKeeper(loop: loop, pool: pool, retained: 200) { 1_200_000 }
            loop.spawn { await keeper.run() }
            var left: Int64 = -1
            let end = ContinuousClock.now + .seconds(30)
            while left != 200, ContinuousClock.now < end {
                left = try await pool.query("SELECT count(*) AS count FROM audit_log").first?.integer("count") ?? -1
                await loop.sleep(for: .milliseconds(5))
            }
            #expect(left == 200)
            await keeper.stop()
        }
    }
}
