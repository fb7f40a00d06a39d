import BoxOffice
import Loops
import Records
import SeatInventory
import Settlement

/// Cancels live bookings of cancelled events.
///
/// Each run finds the remaining bookings by the event's status, so a crash needs no cleanup. Refunds follow as after
/// any cancellation.
final class EventCanceller {
    private let loop: EventLoop
    private let inventory: Inventory
    private let bookings: BookingStore
    private let locator: BookingLocator
    private let leases: LeaseTable
    private let report: ReconcilerReport

    /// Bookings per run.
    private static let limit = 64

    init(
        loop: EventLoop, inventory: Inventory, bookings: BookingStore, locator: BookingLocator, leases: LeaseTable,
        report: ReconcilerReport
    ) {
        self.loop = loop
        self.inventory = inventory
        self.bookings = bookings
        self.locator = locator
        self.leases = leases
        self.report = report
    }

    /// Cancels some bookings in this replica's partitions; true if there may be more.
    func cancelBookings() async -> Bool {
        guard !leases.partitions.isEmpty else { return false }
        do {
            let live = try await bookings.ofCancelledEvents(leases.partitions, limit: Self.limit)
            await loop.concurrently(live) { [self] booking in await cancel(booking) }
            return live.count == Self.limit
        } catch {
            report.note("cancel: \(error)")
            return false
        }
    }

    private func cancel(_ booking: BookingID) async {
        let request = TransitionRequest(
            booking: booking, user: nil, isPrivileged: true, awaitsAck: false, idempotency: nil, traceparent: "")
        do {
            _ = try await locator.act(booking, user: nil) { [inventory] in
                try await inventory.cancel(request, reason: "event-cancelled")
            }
        } catch {
            report.note("booking \(booking): \(error)")
        }
    }
}
