import Loops
import PostgresClient
import Support
import Testing

@Suite("Migrations")
struct MigratorTests {
    private static let files: [(name: String, text: String)] = [
        ("0002_add_price.up.sql", "ALTER TABLE tiers ADD price bigint; UPDATE tiers SET price = 0;"),
        ("0002_add_price.down.sql", "ALTER TABLE tiers DROP price"),
        ("0001_create_tiers.up.sql", "CREATE TABLE tiers (n bigint); -- the first\nINSERT INTO tiers VALUES (1);"),
        ("0001_create_tiers.down.sql", "DROP TABLE tiers"),
    ]

    private func withDatabase(
        _ name: String, _ body: @Sendable (EventLoop, PostgresPool) async throws -> Void
    ) async throws {
        let url = try TestServers.postgres.createDatabase(name)
        try await withPool(PostgresConfiguration(uri: url), body)
    }

    @Test("migrations are applied in order, reverted in reverse order, and report their status")
    func upAndDown() async throws {
        try await withDatabase("migrations_up_down") { loop, pool in
            let migrator = try Migrator(files: Self.files)
            try await expectApplied([false, false], migrator, pool)
            try await expectNumbers([1, 2]) { try await migrator.up(on: pool) }
            #expect(loop.isCurrent)
            try await expectApplied([true, true], migrator, pool)
            try await expectNumbers([]) { try await migrator.up(on: pool) }
            let prices = try await pool.query("SELECT price FROM tiers")
            #expect(prices.count == 1)
            try await expectNumbers([2]) { try await migrator.down(to: 1, on: pool) }
            try await expectApplied([true, false], migrator, pool)
            try await expectNumbers([2]) { try await migrator.up(on: pool) }
            try await expectNumbers([2, 1]) { try await migrator.down(to: 0, on: pool) }
            let left = try await pool.query("SELECT to_regclass('tiers') IS NULL AS gone")
            #expect(try left[0].bool("gone"))
        }
    }

    private func expectNumbers(
        _ expected: [Int], _ location: SourceLocation = #_sourceLocation,
        _ body: nonisolated(nonsending) () async throws -> [Int]
    ) async throws {
        let numbers = try await body()
        #expect(numbers == expected, sourceLocation: location)
    }

    private func expectApplied(
        _ expected: [Bool], _ migrator: Migrator, _ pool: PostgresPool, _ location: SourceLocation = #_sourceLocation
    ) async throws {
        let applied = try await migrator.status(on: pool).map { $0.appliedMilliseconds != nil }
        #expect(applied == expected, sourceLocation: location)
    }

    @Test("a migration that was changed after it was applied is refused")
    func changed() async throws {
        try await withDatabase("migrations_changed") { _, pool in
            _ = try await Migrator(files: Self.files).up(on: pool)
            var files = Self.files
            files[2].text += " -- edited"
            let edited = try Migrator(files: files)
            let error = await failure(as: MigrationError.self) { _ = try await edited.up(on: pool) }
            #expect(error?.code == .changed)
            #expect(error?.description == "migrations: 1 (create_tiers) was changed after it was applied")
        }
    }

    @Test("a database with unknown migrations, and one with a gap, are refused")
    func unknown() async throws {
        try await withDatabase("migrations_unknown") { _, pool in
            _ = try await Migrator(files: Self.files).up(on: pool)
            let older = try Migrator(files: Array(Self.files[2...]))
            let future = await failure(as: MigrationError.self) { _ = try await older.up(on: pool) }
            #expect(future?.code == .unknown)
            _ = try await pool.query("DELETE FROM schema_migrations WHERE number = 1")
            let same = try Migrator(files: Self.files)
            let gap = await failure(as: MigrationError.self) { _ = try await same.status(on: pool) }
            #expect(gap?.code == .unknown)
        }
    }

    @Test("a failing migration has no effect, and earlier ones stay applied")
    func failing() async throws {
        try await withDatabase("migrations_failing") { _, pool in
            let files =
                Self.files + [
                    ("0003_break_it.up.sql", "CREATE TABLE half (n bigint); SELECT 1 / 0;"),
                    ("0003_break_it.down.sql", "SELECT 1"),
                ]
            let migrator = try Migrator(files: files)
            let error = await failure(as: MigrationError.self) { _ = try await migrator.up(on: pool) }
            #expect(error?.code == .failed)
            #expect(error?.underlying?.sqlState == "22012")
            try await expectApplied([true, true, false], migrator, pool)
            let half = try await pool.query("SELECT to_regclass('half') IS NULL AS gone")
            #expect(try half[0].bool("gone"))
        }
    }

    @Test("a script that ends its transaction is refused")
    func ownTransaction() async throws {
        try await withDatabase("migrations_commit") { _, pool in
            let migrator = try Migrator(migrations: [
                Migration(number: 1, name: "commit_early", up: "SELECT 1; COMMIT; SELECT 2", down: "SELECT 1")
            ])
            let error = await failure(as: MigrationError.self) { _ = try await migrator.up(on: pool) }
            #expect(error?.underlying?.code == .misuse)
        }
    }

    @Test("five concurrent runs apply each migration once")
    func together() async throws {
        let url = try TestServers.postgres.createDatabase("migrations_together")
        let migrator = try Migrator(files: Self.files)
        let applied = try await withThrowingTaskGroup(of: [Int].self) { group in
            for _ in 0..<5 {
                group.addTask {
                    try await withPool(PostgresConfiguration(uri: url)) { _, pool in try await migrator.up(on: pool) }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(applied.sorted() == [1, 2])
    }

    @Test("unpaired files are refused by name")
    func badFiles() {
        let bad: [([(name: String, text: String)], String)] = [
            ([("0001_x.up.sql", "")], "0001_x.down.sql is missing"),
            ([("0001_x.down.sql", "")], "0001_x.up.sql is missing"),
            ([("1_x.up.sql", "")], "1_x.up.sql is not named"),
            ([("0001_X.up.sql", "")], "0001_X.up.sql is not named"),
            ([("readme.md", "")], "readme.md is not named"),
            ([("0002_x.up.sql", ""), ("0002_x.down.sql", "")], "0002_x comes where number 1 should"),
            ([("0001_x.up.sql", ""), ("0001_x.up.sql", "")], "0001_x.up.sql is there twice"),
        ]
        for (files, reason) in bad {
            let error = #expect(throws: MigrationError.self) { _ = try Migrator(files: files) }
            #expect(error?.code == .invalid)
            #expect(error?.reason.contains(reason) == true)
        }
    }
}
