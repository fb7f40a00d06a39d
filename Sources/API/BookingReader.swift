import Booking
import EventLoop
import Inventory
import Records

/// Reads bookings wherever they are: in Redis while it has them, else in PostgreSQL.
final class BookingReader {
    private let context: APIContext

    init(_ context: APIContext) { self.context = context }

    /// A booking and whether PostgreSQL has this version; `nil` when there is none.
    ///
    /// Nothing older is told than what anybody was told as written down before the call (ADR 18). Only while PostgreSQL
    /// does not answer, Redis's word is taken for it.
    ///
    /// - Throws: `InventoryError` when Redis cannot tell and PostgreSQL does not know the booking: its record may be on its
    ///   way there.
    func read(_ id: BookingID) async throws -> (image: BookingImage, persisted: Bool)? {
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
            // While a partition recovers, or Redis is away, PostgreSQL tells.
            failure = error
        }
        guard let row = try await context.store.booking(id) else {
            if let failure { throw failure }
            return nil
        }
        // A hold past its time is told as expired; that is not on record.
        let now = context.now
        return (row.image.asOf(now), !row.image.hasLapsed(at: now))
    }

    /// The same without a task, of what Redis has and nothing else is to be asked about.
    ///
    /// - Parameter then: called once, on the loop: with `nil` when `read` is to be asked.
    func read(_ id: BookingID, then: @escaping ((image: BookingImage, persisted: Bool)?) -> Void) {
        context.inventory.booking(id) { [context] result in
            guard case .success(let found?) = result, !found.image.hasLapsed(at: context.now) else { return then(nil) }
            context.epochs.standing(of: id.partition) { standing in
                let isSure =
                    standing.map { $0.epoch == found.epoch && !(found.persisted && $0.hasRefused) } ?? true
                then(isSure ? (found.image, found.persisted) : nil)
            }
        }
    }

    /// The cursor has passed it, but maybe as something that was refused or put aside.
    private func isWritten(_ id: BookingID, _ image: BookingImage) async -> Bool {
        (try? await context.store.made(of: [id]))?[id] == image.made
    }

    /// A hold past its time is expired before it is told, whatever the sweeper did.
    private func inRedis(
        _ id: BookingID
    ) async throws(InventoryError) -> (image: BookingImage, persisted: Bool, epoch: Int64)? {
        guard let found = try await context.inventory.booking(id) else { return nil }
        guard found.image.status == .reserved, found.image.expiresAt <= context.now else { return found }
        _ = try await context.inventory.expire(found.image.event)
        return try await context.inventory.booking(id)
    }
}
