import Booking
import HTTPServer
import Inventory
import PostgresClient
import Records

/// The parameters that all lists of bookings have.
struct ListQuery {
    /// Without a moment, and without whose.
    var filter: BookingFilter
    /// Most bookings of a page.
    let limit: Int
    /// Why it cannot be told now which event was named, when PostgreSQL, which knows the numbers, is away.
    private(set) var eventFailure: PostgresError?

    private static let usual: Int64 = 20

    /// Reads them; what is wrong is noted in `query`.
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
        if cursor != nil, before == nil { query.wrong("cursor", "It must be a nextCursor.") }
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
