import BoxOffice
import Loops

/// Reads all bookings requested in one tick together: two commands per partition and 128 bookings.
final class BookingLookup {
    typealias Found = Result<Inventory.FoundBooking?, InventoryError>

    /// Bookings per command.
    private static let limit = 128

    /// Reads bookings; set by the owner. Returns one result per booking, in order.
    var send: (Partition, [BookingID], @escaping (Result<[Inventory.FoundBooking?], InventoryError>) -> Void) -> Void =
        { _, _, _ in }

    private struct Waiting {
        let booking: BookingID
        let resume: (Found) -> Void
    }

    private var waiting: [Partition: [Waiting]] = [:]
    private var hook: TickHook?

    init(loop: EventLoop) {
        hook = loop.atEndOfTick(.gather) { [weak self] in self?.flush() }
    }

    /// Calls back with a booking as stored in Redis.
    func ask(_ booking: BookingID, _ resume: @escaping (Found) -> Void) {
        waiting[booking.partition, default: []].append(Waiting(booking: booking, resume: resume))
    }

    private func flush() {
        guard !waiting.isEmpty else { return }
        let all = waiting
        waiting.removeAll(keepingCapacity: true)
        for (partition, items) in all {
            for start in stride(from: 0, to: items.count, by: Self.limit) {
                let batch = items[start..<min(start + Self.limit, items.count)]
                send(partition, batch.map(\.booking)) { result in
                    switch result {
                    case .success(let found): for (item, one) in zip(batch, found) { item.resume(.success(one)) }
                    case .failure(let error): for item in batch { item.resume(.failure(error)) }
                    }
                }
            }
        }
    }
}
