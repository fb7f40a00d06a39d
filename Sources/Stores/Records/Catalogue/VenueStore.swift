package import BoxOffice
package import PostgresClient

/// A venue with seats in PostgreSQL.
package struct VenueRecord: Sendable {
    package let id: VenueID
    /// Display name.
    package let name: String
    /// Its sections as JSON, as submitted.
    package let layout: String
    /// Number of seats in all sections.
    package let seats: Int64
    /// When it was created, Unix milliseconds.
    package let createdAt: Int64

    package init(id: VenueID, name: String, layout: String, seats: Int64, createdAt: Int64) {
        self.id = id
        self.name = name
        self.layout = layout
        self.seats = seats
        self.createdAt = createdAt
    }
}

/// Venues in PostgreSQL; one store per loop.
package final class VenueStore {
    private let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    private static let columns = """
        id, name, layout::text AS layout, seats, (extract(epoch FROM created_at) * 1000)::bigint AS created_ms
        """

    /// Stores a venue, once; it never changes.
    package func create(_ venue: VenueRecord) async throws(PostgresError) {
        _ = try await pool.query(
            """
            INSERT INTO venues (id, name, layout, seats) VALUES ($1::uuid, $2::text, $3::jsonb, $4::integer)
            ON CONFLICT DO NOTHING
            """, [.text(venue.id.description), .text(venue.name), .text(venue.layout), .integer(venue.seats)])
    }

    package func venue(_ id: VenueID) async throws(PostgresError) -> VenueRecord? {
        try await pool.query("SELECT \(Self.columns) FROM venues WHERE id = $1::uuid", [.text(id.description)])
            .first.map { (row) throws(PostgresError) in try VenueRecord(row) }
    }

    /// Venues, newest first.
    ///
    /// - Parameters:
    ///   - before: the last venue of the previous page.
    ///   - limit: the maximum number of venues.
    package func list(before: VenueID?, limit: Int) async throws(PostgresError) -> [VenueRecord] {
        try await pool.query(
            """
            SELECT \(Self.columns) FROM venues WHERE $1::uuid IS NULL OR (created_at, id) < (
                SELECT created_at, id FROM venues WHERE id = $1::uuid)
            ORDER BY created_at DESC, id DESC LIMIT $2::bigint
            """, [.optionalText(before?.description), .integer(Int64(limit))]
        ).map { (row) throws(PostgresError) in try VenueRecord(row) }
    }
}

extension VenueRecord {
    fileprivate init(_ row: PostgresRow) throws(PostgresError) {
        guard let id = VenueID(try row.string("id")) else { throw PostgresError.undecodable("venues.id") }
        self.init(
            id: id, name: try row.string("name"), layout: try row.string("layout"), seats: try row.integer("seats"),
            createdAt: try row.integer("created_ms"))
    }
}
