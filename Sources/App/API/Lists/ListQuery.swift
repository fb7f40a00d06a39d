import BoxOffice
import HTTP
import PostgresClient
import Records
import SeatInventory

/// The query parameters that all lists of bookings share.
struct ListQuery {
    /// The filter, without `now` and `user`.
    var filter: BookingFilter
    /// Most bookings of the page.
    let limit: Int
    /// Why the event could not be resolved: PostgreSQL, which maps numbers to ids, is away.
    private(set) var eventFailure: PostgresError?

    private static let usual: Int64 = 20

    /// Reads the parameters; errors are collected in `query`.
    init(_ query: inout QueryFields, _ context: APIContext) async throws {
        let status = query.text("status")
        let event = query.text("eventId")
        let cursor = query.text("cursor")
        limit = Int(query.integer("limit", 1...100) ?? Self.usual)
        if let status, BookingStatus(rawValue: status) == nil { query.wrong("status", "There is no such status.") }
        let before = cursor.flatMap { BookingID($0, partitions: context.inventory.keys.partitions) }
        if let event, !APIContext.isEventReference(event) {
            query.wrong("eventId", "It must be the id or the number of an event.")
        }
        if cursor != nil, before == nil { query.wrong("cursor", "It must be the nextCursor of an earlier answer.") }
        try query.finish()
        filter = BookingFilter(status: status.flatMap { BookingStatus(rawValue: $0) }, before: before)
        guard let event else { return }
        do {
            filter.event = try await context.event(event)
        } catch let error as PostgresError {
            eventFailure = error
        }
    }
}
