/// A venue: sections of rows of seats, in seating order.
package struct VenueLayout: Hashable, Sendable {
    /// Maximum number of seats in a venue.
    package static let maximumSeats = 100_000

    /// A row of adjacent seats.
    package struct Row: Hashable, Sendable {
        /// The label of the row.
        package let name: String
        /// The labels of the seats, in order; at most `SeatPosition.maximumPlaces`.
        package let seats: [String]

        package init(name: String, seats: [String]) {
            self.name = name
            self.seats = seats
        }
    }

    /// Rows sold at one price.
    package struct Section: Hashable, Sendable {
        /// Unique within the venue.
        package let name: String
        /// From the best to the worst.
        package let rows: [Row]

        package init(name: String, rows: [Row]) {
            self.name = name
            self.rows = rows
        }

        package var seatCount: Int { rows.reduce(0) { $0 + $1.seats.count } }
    }

    package let sections: [Section]

    package init(sections: [Section]) { self.sections = sections }

    package var seatCount: Int { sections.reduce(0) { $0 + $1.seatCount } }
}
