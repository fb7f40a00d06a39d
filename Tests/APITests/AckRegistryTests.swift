import BoxOffice
import Loops
import PostgresClient
import Records
import Support
import Testing

@testable import API

@Suite("Acknowledgements and waiting calls")
struct AckRegistryTests {
    private static func booking(_ number: UInt64) -> BookingID {
        BookingID(partition: Partition(0), milliseconds: 1, random: number)
    }

    private static let booking = booking(1)
    private static let version = BookingVersion(number: 3, at: 1_700_000_000_000)
    /// Longer than any test should take: a call that waits this long was not notified.
    private static let long = Duration.seconds(20)

    private static func message(_ version: BookingVersion = version, _ rest: String = "") -> [UInt8] {
        Array("\(booking) \(version) 7\(rest)".utf8)
    }

    /// Runs `body` with a registry whose PostgreSQL is away, so that only acknowledgements can end a wait.
    private func withRegistry(
        _ body: @Sendable (AckRegistry, EventLoop, PostgresPool) async throws -> Void
    ) async throws {
        let loop = try EventLoop(name: "acks")
        defer { loop.stop() }
        let port = try freePort()
        try await loop.run { loop in
            let pool = PostgresPool(
                loop: loop, configuration: PostgresConfiguration(uri: "postgresql://nobody@127.0.0.1:\(port)/none"))
            defer { pool.close() }
            let registry = AckRegistry(loop: loop, store: BookingStore(pool: pool), allowance: WaitAllowance())
            try await body(registry, loop, pool)
        }
    }

    @Test("an acknowledgement that arrives during a wait ends it, and all other waits for that version")
    func waitFirst() async throws {
        try await withRegistry { registry, loop, _ in
            var ended: [Bool] = []
            for _ in 0..<3 {
                loop.spawn { ended.append(await registry.isWritten(Self.booking, Self.version, within: Self.long)) }
            }
            while registry.waiting < 3 { await loop.sleep(for: .milliseconds(1)) }
            registry.received(Self.message())
            while ended.count < 3 { await loop.sleep(for: .milliseconds(1)) }
            #expect(ended == [true, true, true] && registry.waiting == 0)
        }
    }

    @Test("an acknowledgement that arrives before the wait is remembered, for any number of calls")
    func ackFirst() async throws {
        try await withRegistry { registry, _, _ in
            registry.received(Self.message())
            for _ in 0..<2 {
                #expect(await registry.isWritten(Self.booking, Self.version, within: Self.long))
            }
            #expect(await registry.isWritten(Self.booking, Self.version, within: .zero), "without a wait too")
            let preference = Preference(wait: Self.long)
            #expect(await registry.wait(Self.booking, Self.version, for: preference, isOld: false) == .written)
            #expect(await registry.wait(Self.booking, Self.version, for: preference, isOld: true) == .written)
        }
    }

    @Test("an acknowledgement of another version or booking ends no wait, whenever it arrives")
    func another() async throws {
        try await withRegistry { registry, loop, _ in
            let later = BookingVersion(number: 4, at: Self.version.at)
            let lost = BookingVersion(number: 3, at: Self.version.at + 1)
            registry.received(Self.message(later))
            registry.received(Self.message(lost))
            registry.received(Array("\(Self.booking(2)) \(Self.version) 7".utf8))
            var ended: Bool?
            loop.spawn { ended = await registry.isWritten(Self.booking, Self.version, within: Self.long) }
            while registry.waiting < 1 { await loop.sleep(for: .milliseconds(1)) }
            registry.received(Self.message(later))
            registry.received(Self.message(lost))
            #expect(registry.waiting == 1)
            registry.received(Self.message())
            while ended == nil { await loop.sleep(for: .milliseconds(1)) }
            #expect(ended == true)
        }
    }

    @Test("a refusal ends the wait whether it arrives before or after")
    func oversold() async throws {
        try await withRegistry { registry, loop, _ in
            var ended: Bool?
            loop.spawn { ended = await registry.isWritten(Self.booking, Self.version, within: Self.long) }
            while registry.waiting < 1 { await loop.sleep(for: .milliseconds(1)) }
            registry.received(Self.message(Self.version, " oversold"))
            while ended == nil { await loop.sleep(for: .milliseconds(1)) }
            #expect(ended == false && registry.isOverruled(Self.booking))
            #expect(await !registry.isWritten(Self.booking, Self.version, within: Self.long))
        }
    }

    @Test("one message may have many acknowledgements, one per line")
    func lines() async throws {
        try await withRegistry { registry, _, _ in
            let lines = (1...3).map { "\(Self.booking($0)) \(Self.version) 7" + ($0 == 2 ? " oversold" : "") }
            registry.received(Array(lines.joined(separator: "\n").utf8))
            #expect(await registry.isWritten(Self.booking(1), Self.version, within: Self.long))
            #expect(registry.isOverruled(Self.booking(2)) && !registry.isOverruled(Self.booking(1)))
            #expect(await registry.isWritten(Self.booking(3), Self.version, within: Self.long))
        }
    }

    @Test("malformed acknowledgements are ignored")
    func nonsense() async throws {
        try await withRegistry { registry, _, _ in
            for text in ["", "x", "\(Self.booking)", "\(Self.booking) 3 x 7", "x 3 4 7"] {
                registry.received(Array(text.utf8))
            }
            #expect(await !registry.isWritten(Self.booking, Self.version, within: .zero))
        }
    }

    @Test("at least the limit is remembered, and at most twice as many")
    func bound() {
        var recent = RecentAcks(limit: 100)
        for number in 1...10_000 {
            recent.note(Self.booking(UInt64(number)), Self.version, now: 0)
            #expect(recent.count <= 200)
        }
        for number in 9_901...10_000 { #expect(recent.has(Self.booking(UInt64(number)), Self.version, now: 0)) }
        #expect(!recent.has(Self.booking(1), Self.version, now: 0))
    }

    @Test("acknowledgements are remembered for some seconds, and at most twice as long")
    func time() {
        var recent = RecentAcks()
        recent.note(Self.booking, Self.version, now: 7)
        recent.note(Self.booking(2), Self.version, now: 6 + RecentAcks.nanoseconds)
        #expect(recent.has(Self.booking, Self.version, now: 6 + RecentAcks.nanoseconds))
        #expect(recent.has(Self.booking(2), Self.version, now: 6 + 2 * RecentAcks.nanoseconds))
        #expect(!recent.has(Self.booking, Self.version, now: 7 + 2 * RecentAcks.nanoseconds))
        recent.note(Self.booking(3), Self.version, now: 8 + 2 * RecentAcks.nanoseconds)
        #expect(!recent.has(Self.booking(2), Self.version, now: 6 + 4 * RecentAcks.nanoseconds))
        #expect(!recent.has(Self.booking(3), Self.version, now: 8 + 5 * RecentAcks.nanoseconds))
    }

    @Test("an acknowledgement lost with the subscription is found in PostgreSQL by waits that begin after it is back")
    func lostSubscription() async throws {
        let url = try TestServers.postgres.createDatabase("ackregistry")
        let loop = try EventLoop(name: "acks")
        defer { loop.stop() }
        try await loop.run { loop in
            let pool = PostgresPool(loop: loop, configuration: PostgresConfiguration(uri: url))
            defer { pool.close() }
            _ = try await pool.query("CREATE TABLE bookings (id uuid, version bigint, updated_at timestamptz)")
            _ = try await pool.query(
                "INSERT INTO bookings VALUES ($1::uuid, 3, to_timestamp($2::bigint / 1000.0))",
                [.text(Self.booking.description), .integer(Self.version.at)])
            let began = monotonicNanoseconds()
            let registry = AckRegistry(loop: loop, store: BookingStore(pool: pool), allowance: WaitAllowance())
            registry.resubscribed()
            var ended: Bool?
            loop.spawn { ended = await registry.isWritten(Self.booking, Self.version, within: .seconds(600)) }
            while registry.waiting > 0 || ended == nil {
                // The row is read long before the wait is over.
                try #require(monotonicNanoseconds() - began < 60_000_000_000)
                await loop.sleep(for: .milliseconds(1))
            }
            #expect(ended == true)
        }
    }
}
