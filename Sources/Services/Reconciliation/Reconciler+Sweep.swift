import BoxOffice
import SeatInventory

extension Reconciler {
    /// Calls for one event in one sweep; of 64 holds each. An event with more of them waits for the others.
    private static let callsAnEvent = 16
    /// Events of a partition in one sweep.
    private static let eventLimit = 64

    /// Returns lapsed holds of all partitions of this copy; true when there may be more.
    func sweep() async -> Bool {
        guard !leased.isEmpty else { return false }
        let now: Int64
        let due: [Result<[EventID], InventoryError>]
        do {
            now = try await inventory.now()
            let next = try await inventory.nextDue(Array(leased.keys))
            noteSwept(next: next.values.min().map { .milliseconds(max($0, now) - now) })
            due = await inventory.dueEvents(
                next.filter { $0.value <= now }.map(\.key), now: now, limit: Self.eventLimit)
        } catch {
            note(error.description)
            return false
        }
        var more = false
        for events in due {
            do {
                for event in try events.get() where !isStopping { more = try await expire(event) || more }
            } catch {
                note(error.description)
                // Nobody answers any more: the others are asked the next time.
                if error.code != .scriptFailed { return false }
            }
        }
        return more
    }

    /// Returns lapsed holds of one event; true when there are more. One that cannot be swept keeps no other from it.
    private func expire(_ event: EventID) async throws(InventoryError) -> Bool {
        do {
            for _ in 0..<Self.callsAnEvent where !isStopping {
                let (returned, more) = try await inventory.expire(event)
                report.expired += returned
                if !more { return false }
            }
            return true
        } catch  where error.code == .recovering {
            return false
        } catch  where error.code == .scriptFailed {
            note("event \(event): \(error.description)")
            return false
        }
    }
}
