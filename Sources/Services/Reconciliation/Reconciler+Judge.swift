import BoxOffice
import PostgresClient
import Records
import SeatInventory

/// PostgreSQL as the judge: what it refuses because others have it was sold twice by a Redis that had lost data.
extension Reconciler {
    /// Constraints over several bookings. They are broken by nothing else: rows are written in the order of Redis's
    /// history, so that PostgreSQL always equals Redis at one point of it.
    private static let rules: Set = ["event_seats_pkey", "bookings_one_a_user", "tiers_never_oversold"]

    /// Whether a refusal is a verdict. What follows a dead letter of its event may collide with what that would have
    /// given back.
    func isVerdict(_ error: PostgresError, _ image: Booking, _ letters: [DeadLetter]) async throws -> Bool {
        guard ["23505", "23514"].contains(error.sqlState), let rule = error.constraint, Self.rules.contains(rule),
            image.status.isLive, letters.isEmpty
        else { return false }
        return try await !verdicts.hasDeadLetters(image.event)
    }

    /// Tells whoever waits that there will be no record of it.
    func tellOverruled(_ transitions: [OutboxEntry.Transition], _ row: PartitionRow) async {
        let told = transitions.compactMap { transition in
            transition.channel.map {
                ["PUBLISH", $0, "\(transition.booking) \(transition.image.made) \(row.epoch) oversold"]
            }
        }
        do {
            _ = try await inventory.pipeline(told)
        } catch {
            note(error.description)
        }
    }

    /// Ends refused bookings in Redis, then has their partitions recovered: Redis learns who has what they took. Done
    /// again until it is done.
    func overruleAll() async {
        do {
            let open = Dictionary(grouping: try await verdicts.open(in: Array(leased.keys)), by: \.key.partition)
            for (partition, bookings) in open {
                let epoch = try await inventory.state(of: partition).epoch
                for (booking, trace) in bookings {
                    let request = TransitionRequest(
                        booking: booking, user: nil, awaitsAck: false, idempotency: nil, traceparent: trace ?? "")
                    _ = try await inventory.overrule(request)
                }
                _ = try await inventory.suspect(partition, epoch: epoch)
                for (booking, trace) in bookings {
                    try await verdicts.overruled(booking)
                    report.verdicts += 1
                    onFailure("booking \(booking) was sold twice and is overruled", trace)
                }
            }
        } catch {
            note("\(error)")
        }
    }
}
