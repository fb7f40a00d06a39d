import Text

/// The seats of one event: which row belongs to which tier, and what the signs say.
///
/// Rows are in the order tier, section, row; it is fixed when the event is published. In Redis the map is one byte a
/// seat, rows separated by `|`; beside it are the offset of each row and the longest free run in each.
public struct SeatMap: Hashable, Sendable {
    /// One row.
    public struct Row: Hashable, Sendable {
        /// Its tier.
        public let tier: TierID
        /// The name of its section.
        public let section: String
        /// Its own name.
        public let name: String
        /// The signs on its seats.
        public let seats: [String]

        /// A row.
        public init(tier: TierID, section: String, name: String, seats: [String]) {
            self.tier = tier
            self.section = section
            self.name = name
            self.seats = seats
        }
    }

    /// A seat nobody has.
    public static let free = UInt8(ascii: ".")
    /// A seat in a live hold.
    public static let held = UInt8(ascii: "h")
    /// A seat in a confirmed booking.
    public static let sold = UInt8(ascii: "s")
    /// A seat off sale.
    public static let blocked = UInt8(ascii: "b")
    /// Ends each row.
    public static let separator = UInt8(ascii: "|")
    /// Longest run that is told from longer ones; a byte for a run is 128 + its length.
    public static let longestRun = 127

    /// All rows.
    public let rows: [Row]

    /// A map of rows, those of one tier next to each other.
    public init(rows: [Row]) { self.rows = rows }

    /// The rows of the sections that each tier sells.
    ///
    /// - Returns: `nil` when a section is missing from the hall or named twice.
    public init?(_ venue: VenueLayout, tiers: [(tier: TierID, sections: [String])]) {
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

    /// Seats in all rows.
    public var seatCount: Int { rows.reduce(0) { $0 + $1.seats.count } }

    /// The first and last row of a tier; `nil` when it has none.
    public func rows(of tier: TierID) -> ClosedRange<Int>? {
        guard let first = rows.firstIndex(where: { $0.tier == tier }),
            let last = rows.lastIndex(where: { $0.tier == tier })
        else { return nil }
        return first...last
    }

    /// Whether there is such a seat.
    public func contains(_ position: SeatPosition) -> Bool {
        rows.indices.contains(position.row) && position.place < rows[position.row].seats.count
    }

    /// The map's bytes with every seat free, but for those given.
    public func bytes(_ taken: [SeatPosition: UInt8] = [:]) -> [UInt8] {
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

    /// Where each row begins in the map, and where the last one ends: three bytes each, big-endian.
    public var offsets: [UInt8] {
        var bytes: [UInt8] = []
        var offset = 0
        for count in rows.map({ $0.seats.count + 1 }) + [0] {
            bytes += [UInt8(offset >> 16 & 0xff), UInt8(offset >> 8 & 0xff), UInt8(offset & 0xff)]
            offset += count
        }
        return bytes
    }

    /// The longest free run of each row of a map's bytes, one byte a row.
    public static func runs(_ map: [UInt8]) -> [UInt8] {
        map.split(separator: separator, omittingEmptySubsequences: false).dropLast().map { row in
            let longest = row.split { $0 != free }.map(\.count).max() ?? 0
            return UInt8(128 + min(longest, longestRun))
        }
    }
}

/// A seat map and what its seats are at one moment: what Redis is loaded with.
public struct SeatState: Sendable {
    /// The seats.
    public let map: SeatMap
    /// `SeatMap.bytes`, one a seat and one a row.
    public let bytes: [UInt8]

    /// Every seat is free, but for those given.
    public init(map: SeatMap, taken: [SeatPosition: UInt8] = [:]) {
        self.map = map
        bytes = map.bytes(taken)
    }
}
