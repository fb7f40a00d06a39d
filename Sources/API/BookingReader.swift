import Booking
import EventLoop
import Inventory
import Records

/// Reads bookings wherever they are: in Redis while it has them, else in PostgreSQL.
final class BookingReader {
    private let context: APIContext

    init(_ context: APIContext) { self.context = context }

    /// A booking and whether PostgreSQL has this version; `nil` when there is none.
    func read(_ id: BookingID) async throws -> (image: BookingImage, persisted: Bool)? {
        do throws(InventoryError) {
            if let found = try await inRedis(id) { return found }
        } catch {
            // While a partition recovers, or Redis is away, PostgreSQL tells.
        }
        return try await context.store.booking(id).map { ($0.image, true) }
    }

    /// A hold past its time is expired before it is told, whatever the sweeper did.
    private func inRedis(_ id: BookingID) async throws(InventoryError) -> (image: BookingImage, persisted: Bool)? {
        guard let found = try await context.inventory.booking(id) else { return nil }
        guard found.image.status == .reserved, found.image.expiresAt <= context.now else { return found }
        _ = try await context.inventory.expire(found.image.event)
        return try await context.inventory.booking(id)
    }
}
