import Audit
import BoxOffice
import Foundation
import Loops
import PostgresClient
import Records
import RedisClient
import SeatInventory

/// `usher verify [--event ID]`: checks that both stores agree about every event; otherwise prints what differs and
/// exits with code 1.
struct Verify {
    private let settings: Settings

    init(_ settings: Settings) { self.settings = settings }

    func run(event: String?) async throws {
        let redis = try settings.redis()
        let postgres = try settings.postgres()
        let partitions = try settings.partitions()
        let chosen = try event.map { text in
            guard let id = EventID(text) else { throw Failure("--event must be the id of an event, not “\(text)”.") }
            return id
        }
        let loop = try EventLoop(name: "verify")
        defer { loop.stop() }
        let reports = try await loop.run { loop in
            try await Stores.waitForPostgres(loop, postgres)
            let pool = PostgresPool(loop: loop, configuration: postgres)
            defer { pool.close() }
            let connection = RedisConnection(loop: loop, configuration: redis)
            try connection.start()
            defer { connection.close() }
            let inventory = Inventory(
                loop: loop, connection: connection, keys: KeySpace(partitions: partitions), channel: "")
            try await Stores.reach(connection)
            do {
                return try await Self.reports(
                    chosen, Auditor(loop: loop, inventory: inventory, pool: pool),
                    Catalogue(pool: pool), inventory.keys)
            } catch let error as InventoryError {
                throw Failure(Self.sentence(error))
            } catch let error as PostgresError {
                throw Failure(
                    "PostgreSQL (DATABASE_URL) cannot be compared: \(error.message ?? "its reply was lost").")
            }
        }
        Self.tell(reports)
        guard reports.allSatisfy({ $0.verdict == .ok }) else { exit(1) }
    }

    private static func reports(
        _ chosen: EventID?, _ auditor: Auditor, _ catalogue: Catalogue, _ keys: KeySpace
    ) async throws -> [AuditReport] {
        var events = chosen.map { [$0] } ?? []
        if chosen == nil {
            for partition in keys.all { events += try await catalogue.current(in: partition).map(\.id) }
        }
        var reports: [AuditReport] = []
        defer { Progress.end() }
        for (index, event) in events.enumerated() {
            Progress.tell("Comparing event \(index + 1) of \(events.count)")
            guard let report = try await auditor.audit(event) else {
                throw Failure("There is no published event \(event).")
            }
            reports.append(report)
        }
        return reports
    }

    /// Explains why the comparison failed, and what to do.
    private static func sentence(_ error: InventoryError) -> String {
        switch error.code {
        case .recovering:
            "Redis is not validated yet. Make sure that usher reconcile is running, then try again."
        case .overloaded: "Redis cannot be compared at present: \(error.detail). Try again in a moment."
        case .unavailable, .outcomeUnknown: "Redis (REDIS_URL) became unavailable during the comparison. Try again."
        default: "Redis cannot be compared: it sent an unexpected reply (\(error.detail))."
        }
    }

    private static func tell(_ reports: [AuditReport]) {
        for report in reports where report.verdict != .ok {
            print("event \(report.event): \(report.verdict.rawValue)")
            for entry in report.drift {
                let subject = entry.tier.map { "tier \($0)" } ?? entry.booking.map { "booking \($0)" }
                print("  \(subject.map { $0 + ": " } ?? "")\(entry.detail)")
            }
        }
        let bad = reports.count { $0.verdict != .ok }
        let events = reports.count == 1 ? "1 event" : "\(reports.count) events"
        print("\(events) compared, \(bad == 0 ? "all agree" : bad == 1 ? "1 does not agree" : "\(bad) do not agree").")
    }
}
