import BoxOffice
import Loops
import PostgresClient
import Records
import Support
import Testing

@Suite("Partitions")
struct PartitionsTests {
    @Test("are created once by concurrent callers, and a caller with another number gets the existing one")
    func ensure() async throws {
        let url = try TestServers.postgres.createDatabase("partitions_ensure")
        try await onDatabase(url) { _, database in
            _ = try await Migrator(migrations: Schema.migrations).up(on: database.pool)
        }
        let found = try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<8 {
                group.addTask {
                    let seen = Count()
                    try await onDatabase(url) { _, database in
                        for _ in 0..<(try await database.partitions.ensure(count: index < 4 ? 16 : 8)) { seen.add() }
                    }
                    return seen.value
                }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(found == [16] || found == [8])
        try await onDatabase(url) { _, database in
            let rows = try await database.number("SELECT count(*) FROM partitions")
            #expect(found == [Int(rows)])
            let again = try await database.partitions.ensure(count: 100)
            #expect(found == [again])
            let still = try await database.number("SELECT count(*) FROM partitions")
            #expect(still == rows)
        }
    }

    @Test("allow only one of two recoveries from the same epoch to continue")
    func raise() async throws {
        try await withDatabase("partitions_raise") { _, database in
            let row = try #require(try await database.partitions.row(Partition(1)))
            let first = try await database.partitions.raiseEpoch(row)
            let second = try await database.partitions.raiseEpoch(row)
            #expect(first?.epoch == 1 && second == nil)
            let above = try await database.partitions.raiseEpoch(try #require(first), above: 70)
            #expect(above?.epoch == 71)
        }
    }

    @Test("are raised by their owner only")
    func raiseByOwner() async throws {
        try await withDatabase("partitions_raise_owner") { _, database in
            let mine = try await database.partitions.beat(owner: "a", lease: .seconds(3600))
            try await database.partitions.release(owner: "a")
            let theirs = try await database.partitions.beat(owner: "b", lease: .seconds(3600))
            let late = try await database.partitions.raiseEpoch(mine[0])
            let right = try await database.partitions.raiseEpoch(theirs[0])
            #expect(late == nil && right?.epoch == 1)
        }
    }
}

@Suite("Leases")
struct LeaseTests {
    private static let seconds = Duration.seconds(3600)

    private func withPartitions(
        _ count: Int, _ name: String, _ body: @Sendable (Database) async throws -> Void
    ) async throws {
        let url = try TestServers.postgres.createDatabase("leases_\(name)")
        try await onDatabase(url) { _, database in
            _ = try await Migrator(migrations: Schema.migrations).up(on: database.pool)
            _ = try await database.partitions.ensure(count: count)
            try await body(database)
        }
    }

    /// The partitions that an owner gets now.
    private func lease(_ database: Database, _ owner: String) async throws -> [Partition] {
        try await database.partitions.beat(owner: owner, lease: Self.seconds).map(\.partition)
    }

    /// Makes an owner look as if it had died long enough ago for its leases to have expired.
    private func die(_ database: Database, _ owner: String) async throws {
        _ = try await database.pool.query(
            "UPDATE reconcilers SET seen_at = now() - interval '2 hours' WHERE id = $1", [.text(owner)])
    }

    @Test("are shared fairly among one to four owners", arguments: 1...4)
    func share(owners: Int) async throws {
        try await withPartitions(16, "share_\(owners)") { database in
            let names = (0..<owners).map { "owner \($0)" }
            // Each owner arrives while earlier ones have everything; two rounds release and take.
            for name in names { _ = try await lease(database, name) }
            var held: [[Partition]] = []
            for _ in 0..<2 {
                held = []
                for name in names { held.append(try await lease(database, name)) }
            }
            #expect(held.flatMap { $0 }.sorted() == (0..<16).map { Partition(UInt16($0)) })
            let fair = (16 + owners - 1) / owners
            #expect(held.allSatisfy { (16 - fair * (owners - 1)...fair).contains($0.count) })
        }
    }

    @Test("are kept by a one-statement beat while nothing has changed, and only then")
    func keep() async throws {
        try await withPartitions(8, "keep") { database in
            let partitions = database.partitions
            func keep(_ owner: String, _ rows: [PartitionRow]) async throws -> Bool {
                try await partitions.keep(owner: owner, lease: Self.seconds, known: rows)
            }
            let unknown = try await keep("a", [])
            #expect(!unknown)
            var mine = try await partitions.beat(owner: "a", lease: Self.seconds)
            _ = try await database.pool.query("UPDATE reconcilers SET seen_at = now() - interval '59 minutes'")
            let kept = try await keep("a", mine)
            let beaten = try await database.number(
                "SELECT count(*) FROM reconcilers WHERE seen_at > now() - interval '1 minute'")
            #expect(kept && beaten == 1)
            let fewer = try await keep("a", Array(mine.dropFirst()))
            #expect(!fewer)
            // Another replica has joined, so that this one has more than its share.
            _ = try await lease(database, "b")
            let tooMany = try await keep("a", mine)
            #expect(!tooMany)
            mine = try await partitions.beat(owner: "a", lease: Self.seconds)
            let free = try await keep("a", mine)
            #expect(!free && mine.count == 4)
            var theirs = try await partitions.beat(owner: "b", lease: Self.seconds)
            let shared = try await (keep("a", mine), keep("b", theirs))
            #expect(shared == (true, true) && theirs.count == 4)
            // Another process has raised an epoch.
            _ = try await partitions.raiseEpoch(theirs[0])
            let stale = try await keep("b", theirs)
            #expect(!stale)
            theirs = try await partitions.beat(owner: "b", lease: Self.seconds)
            let fresh = try await keep("b", theirs)
            #expect(fresh)
            try await die(database, "b")
            let alone = try await keep("a", mine)
            #expect(!alone)
        }
    }

    @Test("of a dead owner are taken over once they have expired, and not before")
    func takeOver() async throws {
        try await withPartitions(8, "take_over") { database in
            let first = try await lease(database, "a")
            #expect(first.count == 8)
            let early = try await lease(database, "b")
            #expect(early.isEmpty)
            try await die(database, "a")
            let late = try await lease(database, "b")
            #expect(late.count == 8)
        }
    }

    @Test("that are released can be taken at once")
    func release() async throws {
        try await withPartitions(8, "release") { database in
            _ = try await lease(database, "a")
            try await database.partitions.release(owner: "a")
            let next = try await lease(database, "b")
            #expect(next.count == 8)
        }
    }

    @Test("never belong to two owners at a time, however they race, stall and die")
    func exclusive() async throws {
        try await withPartitions(24, "exclusive") { database in
            let loop = database.pool.loop
            let copies = (0..<4).map { _ in Database(loop: loop, url: database.pool.configuration.uri) }
            defer { for copy in copies { copy.pool.close() } }
            for _ in 0..<40 {
                let round = Round()
                for (index, copy) in copies.enumerated() {
                    loop.spawn {
                        round.held += (try? await lease(copy, "owner \(index)")) ?? []
                        round.answers += 1
                    }
                }
                while round.answers < copies.count { await loop.sleep(for: .milliseconds(1)) }
                #expect(Set(round.held).count == round.held.count)
                #expect(!round.held.isEmpty)
                // All owners stall and wake at once: the next round is a race.
                for copy in 0..<copies.count { try await die(database, "owner \(copy)") }
            }
        }
    }

    private final class Round {
        var held: [Partition] = []
        var answers = 0
    }
}
