public import Booking
public import PostgresClient

/// A hall as PostgreSQL has it.
public struct VenueRecord: Sendable {
    /// Its id.
    public let id: VenueID
    /// For people.
    public let name: String
    /// Its sections as JSON, as they were sent.
    public let layout: String
    /// Seats in all sections.
    public let seats: Int64
    /// When it was made, Unix milliseconds.
    public let createdAt: Int64

    /// A hall.
    public init(id: VenueID, name: String, layout: String, seats: Int64, createdAt: Int64) {
        self.id = id
        self.name = name
        self.layout = layout
        self.seats = seats
        self.createdAt = createdAt
    }
}

/// Halls in PostgreSQL; one per loop.
public final class VenueStore {
    private let pool: PostgresPool

    /// A store on a pool.
    public init(pool: PostgresPool) { self.pool = pool }

    private static let columns = """
        id, name, layout::text AS layout, seats, (extract(epoch FROM created_at) * 1000)::bigint AS created_ms
        """

    /// Writes a hall down, once; it never changes.
    public func create(_ venue: VenueRecord) async throws(PostgresError) {
        _ = try await pool.query(
            """
            INSERT INTO venues (id, name, layout, seats) VALUES ($1::uuid, $2::text, $3::jsonb, $4::integer)
            ON CONFLICT DO NOTHING
            """, [.text(venue.id.description), .text(venue.name), .text(venue.layout), .integer(venue.seats)])
    }

    /// One hall.
    public func venue(_ id: VenueID) async throws(PostgresError) -> VenueRecord? {
        try await pool.query("SELECT \(Self.columns) FROM venues WHERE id = $1::uuid", [.text(id.description)])
            .first.map { (row) throws(PostgresError) in try VenueRecord(row) }
    }

    /// Halls, newest first.
    ///
    /// - Parameters:
    ///   - before: the last one of the page before.
    ///   - limit: at most so many.
    public func list(before: VenueID?, limit: Int) async throws(PostgresError) -> [VenueRecord] {
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
