import BoxOffice
import Loops
import Records
import SeatInventory

/// Reads bookings: from Redis while it has them, otherwise from PostgreSQL.
final class BookingReader {
    private let context: APIContext

    init(_ context: APIContext) { self.context = context }

    /// A booking and whether PostgreSQL has this version; `nil` if there is none.
    ///
    /// Never returns a state older than one that was reported to any client as persisted before the call (ADR 18). Only
    /// while PostgreSQL does not answer is Redis trusted alone.
    ///
    /// - Throws: `InventoryError` if Redis cannot answer and PostgreSQL does not have the booking: its entry may not be
    ///   persisted yet.
    func read(_ id: BookingID) async throws -> (image: Booking, persisted: Bool)? {
        var failure: InventoryError?
        do throws(InventoryError) {
            if let found = try await inRedis(id) {
                guard let standing = await context.epochs.standing(of: id.partition) else {
                    return (found.image, found.persisted)
                }
                if standing.epoch == found.epoch {
                    let isDoubtful = found.persisted && standing.hasRefused
                    return (found.image, isDoubtful ? await isWritten(id, found.image) : found.persisted)
                }
            }
        } catch {
            // While a partition recovers, or Redis is away, PostgreSQL answers.
            failure = error
        }
        guard let row = try await context.store.booking(id) else {
            if let failure { throw failure }
            return nil
        }
        // A hold past its end is reported as expired; the expiry itself is not persisted.
        let now = context.now
        return (row.image.asOf(now), !row.image.hasExpired(at: now))
    }

    /// Reads a booking without a task, if Redis has it and no other check is needed.
    ///
    /// - Parameter then: called once, on the loop; with `nil` if the caller must use the other `read`.
    func read(_ id: BookingID, then: @escaping ((image: Booking, persisted: Bool)?) -> Void) {
        context.inventory.booking(id) { [context] result in
            guard case .success(let found?) = result, !found.image.hasExpired(at: context.now) else { return then(nil) }
            context.epochs.standing(of: id.partition) { standing in
                let isSure =
                    standing.map { $0.epoch == found.epoch && !(found.persisted && $0.hasRefused) } ?? true
                then(isSure ? (found.image, found.persisted) : nil)
            }
        }
    }

    /// Whether PostgreSQL has this version: the cursor has passed it, but the entry may have been overruled or
    /// dead-lettered.
    private func isWritten(_ id: BookingID, _ image: Booking) async -> Bool {
        (try? await context.store.made(of: [id]))?[id] == image.made
    }

    /// Reads from Redis; expires a hold past its end first, whether or not the sweeper got to it.
    private func inRedis(
        _ id: BookingID
    ) async throws(InventoryError) -> (image: Booking, persisted: Bool, epoch: Int64)? {
        guard let found = try await context.inventory.booking(id) else { return nil }
        guard found.image.status == .reserved, found.image.expiresAt <= context.now else { return found }
        _ = try await context.inventory.expire(found.image.event)
        return try await context.inventory.booking(id)
    }
}
