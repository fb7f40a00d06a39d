import BoxOffice
import Records
import SeatInventory
import Settlement

extension Reconciler {
    /// Bookings cancelled in one look.
    private static let cancelLimit = 64

    /// Cancels live bookings of cancelled events, in this copy's partitions; true when there may be more.
    ///
    /// The event's status is what is left to do: killed anywhere, it is gone on with. Refunds follow as after any
    /// cancellation.
    func cancelBookings() async -> Bool {
        guard !leased.isEmpty else { return false }
        do {
            let live = try await bookings.ofCancelledEvents(Array(leased.keys), limit: Self.cancelLimit)
            await concurrently(live) { [self] booking in await cancel(booking) }
            return live.count == Self.cancelLimit
        } catch {
            note("cancel: \(error)")
            return false
        }
    }

    private func cancel(_ booking: BookingID) async {
        let request = TransitionRequest(
            booking: booking, user: nil, isPrivileged: true, awaitsAck: false, idempotency: nil, traceparent: "")
        do {
            _ = try await locator.act(booking, user: nil) { [self] in
                try await inventory.cancel(request, reason: "event-cancelled")
            }
        } catch {
            note("booking \(booking): \(error)")
        }
    }
}
