import BoxOffice
import Loops
import PostgresClient
import Records
import RedisClient
import SeatInventory
import Support
import Testing

@testable import Reconciliation

@Suite("A record that a recovery loads")
struct RecoveredRecordsTests {
    private static func keyed(_ stage: Stage, _ event: EventID, _ number: UInt64) -> ClaimRequest {
        var request = stage.request(event, quantity: 2)
        request.idempotency = IdempotentRequest(
            digest: Digest128(high: number, low: 1), fingerprint: Digest128(high: 2, low: 2), patienceMilliseconds: 1000
        )
        return request
    }

    /// A retry of the claim: the same key, another booking id.
    private static func again(_ request: ClaimRequest) -> ClaimRequest {
        var again = request
        again.booking = BookingID(
            partition: request.booking.partition, milliseconds: 1_000_000_000, random: 1)
        return again
    }

    /// The replayed answer to a claim: the booking's image, and the units left.
    private static func answer(
        _ stage: Stage, _ request: ClaimRequest
    ) async throws -> (image: Booking, left: [Int])? {
        guard case .replay(.claim(let booking, let left, let image)) = try await stage.inventory.claim(again(request))
        else { return nil }
        #expect(booking == request.booking)
        return (image, left.map(\.available))
    }

    @Test("has its expiry, its attempts and the claim's answer as before, also after an extension")
    func whole() async throws {
        try await withStage("recovered_whole") { _, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 50)
            let requests = (1...3).map { Self.keyed(stage, event, $0) }
            for request in requests { _ = try await stage.inventory.claim(request) }
            let payment = PaymentID(UUIDBytes(high: 7, low: 7))
            _ = try await stage.inventory.beginPayment(
                stage.transition(requests[1].booking), payment: payment, provider: "p")
            _ = try await stage.inventory.extend(stage.transition(requests[2].booking))
            await stage.settle(copy)
            var before: [Booking] = []
            var answers: [(image: Booking, left: [Int])] = []
            for request in requests {
                before.append(try #require(try await stage.inventory.booking(request.booking)).image)
                answers.append(try #require(try await Self.answer(stage, request)))
            }
            _ = try await stage.inventory.command(["FLUSHALL"])
            await stage.settle(copy)
            for (index, request) in requests.enumerated() {
                let image = try await stage.inventory.booking(request.booking)?.image
                #expect(image == before[index])
                let answer = try #require(try await Self.answer(stage, request))
                #expect(answer.image == answers[index].image && answer.left == answers[index].left)
            }
            try await stage.expectAgreement([event])
        }
    }

    @Test("keeps what only the surviving record has")
    func survivor() async throws {
        try await withStage("recovered_survivor", appendFsync: "always") { _, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 50)
            let request = Self.keyed(stage, event, 1)
            _ = try await stage.inventory.claim(request)
            await stage.settle(copy)
            let before = try #require(try await Self.answer(stage, request))
            // As in a row that an older version wrote.
            try await stage.execute("UPDATE bookings SET claimed = NULL")
            stage.redis.kill()
            try stage.redis.start()
            await stage.settle(copy)
            let after = try #require(try await Self.answer(stage, request))
            #expect(after.image == before.image && after.left == before.left && before.left == [48])
            try await stage.expectAgreement([event])
        }
    }

    @Test("leaves Redis a minute after its expiry is persisted")
    func expired() async throws {
        try await withStage("recovered_expired") { loop, stage in
            let copy = try await openedCopy(stage)
            let event = try await stage.event(1, capacity: 50, hold: 1)
            let booking = try await stage.claim(event)
            try await eventually(loop, "the hold has expired") {
                _ = await copy.sweeper.sweep()
                return try await stage.counters(event).held == 0
            }
            await stage.settle(copy)
            let left = try await stage.lifetimes(of: [booking])
            #expect((1...60_000).contains(left[0]))
        }
    }
}
