package import BoxOffice
package import Loops
package import PostgresClient
import Records
package import SeatInventory

/// Compares both stores about an event, and repairs drift. One instance per loop.
///
/// The truth is PostgreSQL's bookings plus newer changes in the outbox and in Redis's records. Counters, seats and
/// limits are recomputed from that, so a repair never removes a live hold.
package final class Auditor {
    private let loop: EventLoop
    private let inventory: Inventory
    private let store: AuditStore
    private let seats: SeatStore

    /// How many times `repair` polls for the end of the recovery.
    private static let patience = 500
    private static let pause = Duration.milliseconds(20)
    /// How many times differing terms of sale are compared: a change of an event is written to one store after the
    /// other.
    private static let policyLooks = 50

    /// Call on the loop's thread only.
    package init(loop: EventLoop, inventory: Inventory, pool: PostgresPool) {
        self.loop = loop
        self.inventory = inventory
        store = AuditStore(pool: pool)
        seats = SeatStore(pool: pool)
    }

    /// The result of one comparison.
    private struct Finding {
        var report: AuditReport
        let epoch: Int64
        let postgres: [AuditReport.Entry]
        /// Differences that recounting cannot repair.
        let amounts: [AuditReport.Entry]
    }

    /// Compares both stores; `nil` if there is no such event, or it is a draft.
    ///
    /// - Throws: `InventoryError`, `PostgresError`: a store is unavailable, or too many entries are not persisted.
    package func audit(_ event: EventID) async throws -> AuditReport? { try await look(event)?.report }

    /// Compares only counters, so that the cost does not grow with the event. Safe for any event at any time.
    ///
    /// - Returns: the number of holds and users in Redis, and the verdict, which is `nil` if the event has changes that
    ///   are not persisted and so cannot be compared now. `nil` if there is no such event, or it is a draft.
    package func glance(_ event: EventID) async throws -> (size: Int, verdict: AuditReport.Verdict?)? {
        guard let counts = try await store.counts(of: event) else { return nil }
        let seen = try await inventory.glance(at: event, after: counts.cursor)
        return (seen.holds + seen.users, Comparison.verdict(counts, seen))
    }

    /// Compares both stores and repairs drift; with `isDryRun`, only reports the necessary actions.
    package func repair(
        _ event: EventID, isDryRun: Bool
    ) async throws -> (report: AuditReport, actions: [AuditReport.Entry])? {
        guard let found = try await look(event) else { return nil }
        guard found.report.verdict == .drift else { return (found.report, []) }
        var actions: [AuditReport.Entry] = []
        guard found.amounts.isEmpty else {
            // A recovery would copy PostgreSQL's amounts to Redis, whose amounts may be the correct ones.
            actions.append(
                .init(
                    "Nothing is repaired while amounts of bookings differ: compare them with the payments and correct "
                        + "them first."))
            return (found.report, actions)
        }
        if !found.postgres.isEmpty {
            actions.append(.init("PostgreSQL's tiers and seats are recounted from its bookings."))
        }
        actions.append(
            .init(
                "The partition is recovered: changes that only Redis's records have are persisted, then its counters, "
                    + "seats, limits and holds are rebuilt from PostgreSQL."))
        guard !isDryRun else { return (found.report, actions) }
        if !found.postgres.isEmpty { try await store.recount(event) }
        let partition = inventory.keys.partition(of: event)
        _ = try await inventory.suspect(partition, epoch: found.epoch)
        for _ in 0..<Self.patience {
            let state = try await inventory.state(of: partition)
            if state.isOpen, state.epoch > found.epoch { break }
            await loop.sleep(for: Self.pause)
        }
        guard let after = try await look(event) else { return nil }
        return (after.report, actions)
    }

    private func look(_ event: EventID) async throws -> Finding? {
        for _ in 1..<Self.policyLooks {
            guard let (found, mayBeChanging) = try await lookOnce(event) else { return nil }
            guard mayBeChanging else { return found }
            await loop.sleep(for: Self.pause)
        }
        return try await lookOnce(event)?.finding
    }

    private func lookOnce(_ event: EventID) async throws -> (finding: Finding, mayBeChanging: Bool)? {
        guard let records = try await store.records(of: event) else { return nil }
        let snapshot = try await inventory.snapshot(of: event, after: records.cursor)
        let comparison = Comparison(records, snapshot, try await seats.map(of: event))
        let postgres = comparison.postgresDrift()
        let amounts = comparison.amountDrift()
        let policy = snapshot.isOpen ? comparison.policyDrift() : []
        var drift = postgres + amounts + policy
        if snapshot.isOpen {
            let redis = comparison.redisDrift()
            drift += redis
            if !redis.isEmpty { drift += try await unknown(event, snapshot.epoch, comparison, drift) }
        }
        let verdict: AuditReport.Verdict = !snapshot.isOpen ? .recovering : drift.isEmpty ? .ok : .drift
        let report = AuditReport(
            event: event, verdict: verdict, redis: snapshot.tiers, postgres: records.tiers, drift: drift,
            lastStreamID: snapshot.lastEntry, asOf: snapshot.asOf)
        return (
            Finding(report: report, epoch: snapshot.epoch, postgres: postgres, amounts: amounts), !policy.isEmpty
        )
    }

    /// Finds live bookings that only Redis's records have. No index contains sold bookings, so all keys are scanned.
    private func unknown(
        _ event: EventID, _ epoch: Int64, _ comparison: Comparison, _ told: [AuditReport.Entry]
    ) async throws -> [AuditReport.Entry] {
        let named = Set(told.compactMap(\.booking))
        var entries: [BookingID: AuditReport.Entry] = [:]
        _ = try await inventory.survivors(inventory.keys.partition(of: event), epoch: epoch) { page in
            for (id, record) in page {
                let image = record.image
                guard image.event == event, image.status.isLive, !named.contains(id),
                    !comparison.isKnown(id, image.version)
                else { continue }
                entries[id] = AuditReport.Entry(
                    booking: id,
                    "Redis has it \(image.status.rawValue) in version \(image.version); PostgreSQL does not.")
            }
            return true
        }
        return Array(entries.values)
    }
}
