import Foundation
import Support
import Testing

/// An installation that an older version filled, with the first storage format in Redis (recorded by
/// `Recordings/record.py`): events with seats, holds, paid and cancelled bookings, idempotency keys in use, and an
/// outbox with a backlog. It was recorded with clocks set far ahead, so that its holds have not expired.
@Suite("An installation in the first storage format")
struct UpgradeTests {
    @Test("is upgraded by recovery: nothing is lost, keys replay, both stores agree")
    func upgraded() throws {
        let old = try RecordedInstallation()
        #expect(try old.redisCommand("HGET", "{p0}:meta", "state") == "open")
        try old.start()
        try old.expectEverything()
        let verified = try old.run("verify")
        #expect(verified.code == 0, "\(verified.said)")
        #expect(try old.redisCommand("HGET", "{p0}:meta", "state").hasPrefix("open3 "))
    }

    @Test("is upgraded after an upgrade that was killed half-way")
    func halfDone() throws {
        let old = try RecordedInstallation()
        // The state of a partition that an upgrade has just closed.
        _ = try old.redisCommand("HSET", "{p0}:meta", "epoch", "7", "state", "recovering")
        try old.migrate()
        try old.startReconciler()
        try eventually("a partition is upgraded") {
            try (0..<4).contains { try old.redisCommand("HGET", "{p\($0)}:meta", "state").hasPrefix("open3 ") }
        }
        old.killReconciler()
        try old.start()
        try old.expectEverything()
        let verified = try old.run("verify")
        #expect(verified.code == 0, "\(verified.said)")
    }

    @Test("is upgraded with an empty Redis: persisted bookings are there, and their keys replay")
    func overEmptyRedis() throws {
        let old = try RecordedInstallation()
        _ = try old.redisCommand("FLUSHALL")
        try old.start()
        try old.expectBookings { $0.isPersisted }
        let verified = try old.run("verify")
        #expect(verified.code == 0, "\(verified.said)")
        let claims = old.recording.requests.filter { $0.path == "/v1/bookings" && old.isPersisted($0) }
        #expect(claims.count > 10)
        for request in claims {
            let again = try old.send(request)
            guard !old.isBeingPaid(request) else {
                // The outcome of the keyed request is unknown while the booking's payment is not settled.
                #expect(again.json["code"] as? String == "idempotency-in-progress", "\(again.text)")
                continue
            }
            #expect(
                again.status == request.status && again.json["id"] as? String == request.answered["id"] as? String,
                "\(request.key): \(again.status) \(again.text)")
        }
    }
}
