import BoxOffice
import Loops
import Records
import RedisClient
import SeatInventory
import Support
import Testing

@testable import Reconciliation

@Suite("Change notices")
struct NoticeTests {
    private func notices(_ stage: Stage, _ loop: EventLoop) throws -> ChangeNotices {
        let configuration = try RedisConfiguration(url: stage.redis.socketURL)
        return try ChangeNotices(
            subscriber: RedisSubscriber(loop: loop, configuration: configuration), keys: stage.inventory.keys)
    }

    /// Runs `body` with a replica that runs on this loop and listens for changes.
    private func withListeningCopy(
        _ name: String, _ body: @Sendable (Stage, EventLoop, Reconciler, ChangeNotices) async throws -> Void
    ) async throws {
        try await withStage(name) { loop, stage in
            let notices = try notices(stage, loop)
            let copy = try stage.copy("a", notices: notices)
            loop.spawn { await copy.run() }
            await eventually(loop, "it listens") { notices.isListening }
            try await body(stage, loop, copy, notices)
            await copy.stop()
        }
    }

    private func rest(_ copy: Reconciler, _ loop: EventLoop) async {
        await eventually(loop, "all partitions rest") {
            copy.leases.states.count == Stage.partitionCount && copy.leases.states.allSatisfy(\.isAtRest)
        }
    }

    @Test("wake partitions at rest: their outboxes are persisted, and their holds released in time")
    func wakes() async throws {
        try await withListeningCopy("notices_wake") { stage, loop, copy, _ in
            await eventually(loop, "open") { (try? await stage.isSettled()) == true }
            let event = try await stage.event(1, capacity: 9, hold: 1)
            for _ in 0..<2 {
                await rest(copy, loop)
                let booking = try await stage.claim(event)
                await eventually(loop, "the booking is persisted") {
                    (try? await stage.bookings.versions(of: [booking])[booking]) != nil
                }
                await eventually(loop, "the booking has expired") {
                    (try? await stage.bookings.versions(of: [booking])) == [booking: 2]
                }
            }
            try await stage.expectAgreement([event])
        }
    }

    @Test("lost notices only cost time")
    func lost() async throws {
        try await withListeningCopy("notices_lost") { stage, loop, copy, notices in
            await eventually(loop, "open") { (try? await stage.isSettled()) == true }
            let event = try await stage.event(1, capacity: 9, hold: 1)
            await rest(copy, loop)
            notices.onChange = { _ in }
            let booking = try await stage.claim(event)
            await eventually(loop, "the expiry is persisted") {
                (try? await stage.bookings.versions(of: [booking])) == [booking: 2]
            }
            // A Redis that loses everything publishes no notice either.
            await rest(copy, loop)
            _ = try await stage.inventory.command(["FLUSHALL"])
            await eventually(loop, "all partitions are recovered") { (try? await stage.isSettled()) == true }
            try await stage.expectAgreement([event])
        }
    }

    @Test("the channel is left while there are many notices, and subscribed again when there are few")
    func many() async throws {
        try await withStage("notices_many") { loop, stage in
            let notices = try notices(stage, loop)
            defer { notices.close() }
            var (changes, gaps) = (0, 0)
            notices.onChange = { _ in changes += 1 }
            notices.onGap = { gaps += 1 }
            #expect(!notices.isListening)
            notices.tick(entries: 0)
            await eventually(loop, "it listens") { notices.isListening }
            let event = EventID(UUIDBytes(high: 1, low: 2))
            func publish(_ count: Int) async throws {
                _ = try await stage.inventory.pipeline(
                    Array(repeating: ["PUBLISH", Inventory.changeChannel, event.description], count: count))
            }
            try await publish(100)
            await eventually(loop, "all are received") { changes == 100 }
            #expect(gaps == 0 && notices.isListening)
            try await publish(1)
            await eventually(loop, "it left the channel") { gaps == 1 && !notices.isListening }
            // As many entries were persisted: it does not subscribe yet.
            notices.tick(entries: 101)
            #expect(!notices.isListening)
            notices.tick(entries: 150)
            await eventually(loop, "it listens again") { notices.isListening }
            try await publish(3)
            await eventually(loop, "they are received") { changes == 103 }
        }
    }
}
