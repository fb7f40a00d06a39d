/// A hall: sections of rows of seats, in the order in which people are to be seated.
public struct VenueLayout: Hashable, Sendable {
    /// Most seats of a venue.
    public static let maximumSeats = 100_000

    /// A row of adjacent seats.
    public struct Row: Hashable, Sendable {
        /// What its sign says.
        public let name: String
        /// What the signs on the seats say, in order; at most `SeatPosition.maximumPlaces`.
        public let seats: [String]

        /// A row.
        public init(name: String, seats: [String]) {
            self.name = name
            self.seats = seats
        }
    }

    /// Rows sold at one price.
    public struct Section: Hashable, Sendable {
        /// Unique within the venue.
        public let name: String
        /// From the best to the worst.
        public let rows: [Row]

        /// A section.
        public init(name: String, rows: [Row]) {
            self.name = name
            self.rows = rows
        }

        /// Seats in all its rows.
        public var seatCount: Int { rows.reduce(0) { $0 + $1.seats.count } }
    }

    /// All of them.
    public let sections: [Section]

    /// A hall.
    public init(sections: [Section]) { self.sections = sections }

    /// Seats in all sections.
    public var seatCount: Int { sections.reduce(0) { $0 + $1.seatCount } }
}
