import BoxOffice
import Loops
import SeatInventory

/// Releases expired holds that no claim has released yet.
final class HoldSweeper: ReconcilerService {
    private let inventory: Inventory
    private let leases: LeaseTable
    private let notices: ChangeNotices?
    private let report: ReconcilerReport
    private let periodic: PeriodicLoop
    /// When the next sweep is due, on the monotonic clock in nanoseconds.
    private var nextSweep: Int64 = 0

    /// A hold is released at the latest this long after its deadline, plus the duration of a sweep. No hold is shorter
    /// than the upper bound, so none can be made and expire within it.
    private static let pauses = Duration.milliseconds(200)...Duration.seconds(1)
    /// Between two sweeps while every change is announced and no hold expires earlier.
    private static let listeningPause = Duration.seconds(5)
    /// Calls per event and sweep, of 64 holds each. An event with more expired holds waits for the other events.
    private static let callsAnEvent = 16
    /// Events per partition and sweep.
    private static let eventLimit = 64

    init(
        loop: EventLoop, inventory: Inventory, leases: LeaseTable, notices: ChangeNotices?, report: ReconcilerReport
    ) {
        self.inventory = inventory
        self.leases = leases
        self.notices = notices
        self.report = report
        periodic = PeriodicLoop(loop)
    }

    func run() async {
        await periodic.run { [self] in
            if nextSweep <= monotonicNanoseconds(), await sweep() { return nil }
            let left = Duration.nanoseconds(max(0, nextSweep - monotonicNanoseconds()))
            return max(left, Self.pauses.lowerBound)
        }
    }

    func stop() { periodic.stop() }

    /// Plans a sweep no later than a hold made now can expire.
    func sweepSoon() {
        let soon = monotonicNanoseconds() + Self.pauses.upperBound.nanoseconds
        guard soon < nextSweep else { return }
        nextSweep = soon
        periodic.wake()
    }

    /// - Parameter next: the time until the next known hold expires.
    private func planSweep(next: Duration?) {
        let longest = notices?.isListening == true ? Self.listeningPause : Self.pauses.upperBound
        nextSweep = monotonicNanoseconds() + min(next ?? longest, longest).nanoseconds
    }

    /// Releases expired holds of all partitions of this replica; true if there may be more.
    func sweep() async -> Bool {
        guard !leases.partitions.isEmpty else { return false }
        let due: [Result<[EventID], InventoryError>]
        do {
            let now = try await inventory.now()
            let next = try await inventory.nextDue(leases.partitions)
            planSweep(next: next.values.min().map { .milliseconds(max($0, now) - now) })
            due = await inventory.dueEvents(
                next.filter { $0.value <= now }.map(\.key), now: now, limit: Self.eventLimit)
        } catch {
            report.note(error.description)
            return false
        }
        return await expire(due)
    }

    private func expire(_ due: [Result<[EventID], InventoryError>]) async -> Bool {
        var more = false
        for events in due {
            do {
                for event in try events.get() where !periodic.isStopping { more = try await expire(event) || more }
            } catch {
                report.note(error.description)
                // Redis does not answer: retry the other events at the next sweep.
                if error.code != .scriptFailed { return false }
            }
        }
        return more
    }

    /// Releases expired holds of one event; true if there are more. An event that fails does not delay others.
    private func expire(_ event: EventID) async throws(InventoryError) -> Bool {
        do {
            for _ in 0..<Self.callsAnEvent where !periodic.isStopping {
                let (returned, more) = try await inventory.expire(event)
                report.counts.expired += returned
                if !more { return false }
            }
            return true
        } catch  where error.code == .recovering {
            return false
        } catch  where error.code == .scriptFailed {
            report.note("event \(event): \(error.description)")
            return false
        }
    }
}
