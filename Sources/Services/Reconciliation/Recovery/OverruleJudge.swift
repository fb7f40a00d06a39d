import BoxOffice
import PostgresClient
import Records
import SeatInventory

/// Overrules bookings that PostgreSQL refuses because other bookings own the same units: Redis lost data and sold the
/// units twice.
final class OverruleJudge {
    private let inventory: Inventory
    private let verdicts: VerdictStore
    private let leases: LeaseTable
    private let report: ReconcilerReport

    /// Constraints over several bookings. Only double sales violate them: rows are written in the order of Redis's
    /// history, so PostgreSQL always equals Redis at some point of it.
    private static let rules: Set = ["event_seats_pkey", "bookings_one_a_user", "tiers_never_oversold"]

    init(inventory: Inventory, verdicts: VerdictStore, leases: LeaseTable, report: ReconcilerReport) {
        self.inventory = inventory
        self.verdicts = verdicts
        self.leases = leases
        self.report = report
    }

    /// Whether a refusal proves a double sale. It does not after a dead letter of the same event, which may have
    /// released the units.
    func isVerdict(_ error: PostgresError, _ image: Booking, _ letters: [DeadLetter]) async throws -> Bool {
        guard ["23505", "23514"].contains(error.sqlState), let rule = error.constraint, Self.rules.contains(rule),
            image.status.isLive, letters.isEmpty
        else { return false }
        return try await !verdicts.hasDeadLetters(image.event)
    }

    /// Notifies waiting requests that their bookings will not be persisted.
    func notifyOverruled(_ transitions: [OutboxEntry.Transition], _ row: PartitionRow) async {
        let notifications = transitions.compactMap { transition in
            transition.channel.map {
                ["PUBLISH", $0, "\(transition.booking) \(transition.image.made) \(row.epoch) oversold"]
            }
        }
        do {
            _ = try await inventory.pipeline(notifications)
        } catch {
            report.note(error.description)
        }
    }

    /// Cancels refused bookings in Redis, then requests a recovery of their partitions, which loads the owners of their
    /// units from PostgreSQL. Failures are retried at the next call.
    func overruleAll() async {
        do {
            let open = Dictionary(grouping: try await verdicts.open(in: leases.partitions), by: \.key.partition)
            for (partition, bookings) in open { try await overrule(bookings, in: partition) }
        } catch {
            report.note("\(error)")
        }
    }

    private func overrule(_ bookings: [(key: BookingID, value: String?)], in partition: Partition) async throws {
        let epoch = try await inventory.state(of: partition).epoch
        for (booking, trace) in bookings {
            let request = TransitionRequest(
                booking: booking, user: nil, awaitsAck: false, idempotency: nil, traceparent: trace ?? "")
            _ = try await inventory.overrule(request)
        }
        _ = try await inventory.suspect(partition, epoch: epoch)
        for (booking, trace) in bookings {
            try await verdicts.overruled(booking)
            report.counts.verdicts += 1
            report.onFailure("booking \(booking) was sold twice and is overruled", trace)
        }
    }
}
