public import Booking
public import EventLoop
public import Inventory
public import PostgresClient
import Records

/// Compares what both stores say of an event, and has what differs put right; one per loop.
///
/// Bookings in PostgreSQL say what was sold, together with what the outbox and Redis's records have beyond them.
/// Everything else is counted from those: repairing never takes a live hold away.
public final class Auditor {
    private let loop: EventLoop
    private let inventory: Inventory
    private let store: AuditStore
    private let seats: SeatStore

    /// How long a repair waits for the reconciler.
    private static let patience = 500
    private static let pause = Duration.milliseconds(20)
    /// How often terms of sale that differ are looked at again: changing an event takes two stores' answers.
    private static let policyLooks = 50

    /// On a loop's connections. On the loop's thread only.
    public init(loop: EventLoop, inventory: Inventory, pool: PostgresPool) {
        self.loop = loop
        self.inventory = inventory
        store = AuditStore(pool: pool)
        seats = SeatStore(pool: pool)
    }

    /// What a look at an event found.
    private struct Finding {
        var report: AuditReport
        let epoch: Int64
        let postgres: [AuditReport.Entry]
        /// What no counting can put right.
        let amounts: [AuditReport.Entry]
    }

    /// Compares both stores; `nil` when there is no such event, or it is a draft.
    ///
    /// - Throws: `InventoryError`, `PostgresError`: a store cannot be asked, or too much is not written down.
    public func audit(_ event: EventID) async throws -> AuditReport? { try await look(event)?.report }

    /// The same as far as counters tell, without what grows with the event: to be asked of any event at any time.
    ///
    /// - Returns: how many holds and users Redis has of it, and what came of it, or `nil` when something of it is not
    ///   written down, and it cannot be compared now. `nil` when there is no such event, or it is a draft.
    public func glance(_ event: EventID) async throws -> (size: Int, verdict: AuditReport.Verdict?)? {
        guard let counts = try await store.counts(of: event) else { return nil }
        let seen = try await inventory.glance(at: event, after: counts.cursor)
        return (seen.holds + seen.users, Comparison.verdict(counts, seen))
    }

    /// The same, and what was done about it, or is to be done when `isDryRun`.
    public func repair(
        _ event: EventID, isDryRun: Bool
    ) async throws -> (report: AuditReport, actions: [AuditReport.Entry])? {
        guard let found = try await look(event) else { return nil }
        guard found.report.verdict == .drift else { return (found.report, []) }
        var actions: [AuditReport.Entry] = []
        guard found.amounts.isEmpty else {
            // A recovery would copy PostgreSQL's amounts into Redis, which may have the right ones.
            actions.append(
                .init(
                    "Nothing is repaired while amounts of bookings differ: compare them with the payments and correct "
                        + "them first."))
            return (found.report, actions)
        }
        if !found.postgres.isEmpty {
            actions.append(.init("PostgreSQL's tiers and seats are counted again from its bookings."))
        }
        actions.append(
            .init(
                "The partition is recovered: what only Redis's records have is written down, then its counters, seats, "
                    + "limits and holds are put back from PostgreSQL."))
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

    /// Sold bookings that only Redis's records have: no index names them, so that all keys are looked at.
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
