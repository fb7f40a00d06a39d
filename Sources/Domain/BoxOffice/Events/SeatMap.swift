import Text

/// The seats of one event: which row belongs to which tier, and the labels of sections, rows and seats.
///
/// Rows are in the order tier, section, row; it is fixed when the event is published. In Redis the map has one byte per
/// seat, and `|` after each row; separate keys have each row's offset and longest free run.
package struct SeatMap: Hashable, Sendable {
    package struct Row: Hashable, Sendable {
        package let tier: TierID
        /// The name of its section.
        package let section: String
        /// The row's own name.
        package let name: String
        /// The labels of its seats.
        package let seats: [String]

        package init(tier: TierID, section: String, name: String, seats: [String]) {
            self.tier = tier
            self.section = section
            self.name = name
            self.seats = seats
        }
    }

    /// An available seat.
    package static let free = UInt8(ascii: ".")
    /// A seat in a live hold.
    package static let held = UInt8(ascii: "h")
    /// A seat in a confirmed booking.
    package static let sold = UInt8(ascii: "s")
    /// A seat off sale.
    package static let blocked = UInt8(ascii: "b")
    /// Ends each row.
    package static let separator = UInt8(ascii: "|")
    /// The longest run that is distinguished from longer ones; a run's byte is 128 + its length.
    package static let longestRun = 127

    package let rows: [Row]

    /// A map of rows; the rows of a tier must be adjacent.
    package init(rows: [Row]) { self.rows = rows }

    /// The rows of the sections that each tier sells.
    ///
    /// - Returns: `nil` if a section is missing from the venue or named twice.
    package init?(_ venue: VenueLayout, tiers: [(tier: TierID, sections: [String])]) {
        var rows: [Row] = []
        var taken: Set<ExactText> = []
        for (tier, names) in tiers {
            for name in names {
                guard taken.insert(ExactText(name)).inserted,
                    let section = venue.sections.first(where: { $0.name.isSame(as: name) })
                else { return nil }
                rows += section.rows.map { Row(tier: tier, section: name, name: $0.name, seats: $0.seats) }
            }
        }
        self.init(rows: rows)
    }

    package var seatCount: Int { rows.reduce(0) { $0 + $1.seats.count } }

    /// The first and last row of a tier; `nil` if it has none.
    package func rows(of tier: TierID) -> ClosedRange<Int>? {
        guard let first = rows.firstIndex(where: { $0.tier == tier }),
            let last = rows.lastIndex(where: { $0.tier == tier })
        else { return nil }
        return first...last
    }

    /// Whether the seat exists.
    package func contains(_ position: SeatPosition) -> Bool {
        rows.indices.contains(position.row) && position.place < rows[position.row].seats.count
    }

    /// The map's bytes: every seat is free, except those given.
    package func bytes(_ taken: [SeatPosition: UInt8] = [:]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(seatCount + rows.count)
        for (index, row) in rows.enumerated() {
            if taken.isEmpty {
                bytes += repeatElement(Self.free, count: row.seats.count)
            } else {
                for place in row.seats.indices {
                    bytes.append(taken[SeatPosition(row: index, place: place)] ?? Self.free)
                }
            }
            bytes.append(Self.separator)
        }
        return bytes
    }

    /// The offset of each row in the map, and the end of the last one: three bytes each, big-endian.
    package var offsets: [UInt8] {
        var bytes: [UInt8] = []
        var offset = 0
        for count in rows.map({ $0.seats.count + 1 }) + [0] {
            bytes += [UInt8(offset >> 16 & 0xff), UInt8(offset >> 8 & 0xff), UInt8(offset & 0xff)]
            offset += count
        }
        return bytes
    }

    /// The longest free run of each row of a map's bytes, one byte per row.
    package static func runs(_ map: [UInt8]) -> [UInt8] {
        map.split(separator: separator, omittingEmptySubsequences: false).dropLast().map { row in
            let longest = row.split { $0 != free }.map(\.count).max() ?? 0
            return UInt8(128 + min(longest, longestRun))
        }
    }
}

/// A seat map and the state of its seats at one moment, for loading into Redis.
package struct SeatState: Sendable {
    package let map: SeatMap
    /// `SeatMap.bytes`, one per seat and one per row.
    package let bytes: [UInt8]

    /// Every seat is free, except those given.
    package init(map: SeatMap, taken: [SeatPosition: UInt8] = [:]) {
        self.map = map
        bytes = map.bytes(taken)
    }
}
