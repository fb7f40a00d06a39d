/// Where a seat is in an event's seat map: its row and its place in the row, both from 0.
///
/// As a number it is row × 1,024 + place: the form in Lua, the outbox and PostgreSQL. It never changes once the event
/// is published.
public struct SeatPosition: Hashable, Sendable, Comparable {
    /// Longest row, one less than what ten bits hold.
    public static let maximumPlaces = 1023

    /// The number.
    public let number: Int

    /// The seat of this number, not negative.
    public init(number: Int) { self.number = number }

    /// The seat at a place of a row.
    public init(row: Int, place: Int) { number = row << 10 | place }

    /// From 0, over all tiers.
    public var row: Int { number >> 10 }
    /// From 0, within the row.
    public var place: Int { number & 0x3ff }

    /// Reads a list of seats joined by `+`; `nil` when it is none.
    public static func list(_ text: String) -> [SeatPosition]? { list(Array(text.utf8)[...]) }

    /// The same of text that is still bytes.
    public static func list(_ text: ArraySlice<UInt8>) -> [SeatPosition]? {
        var seats: [SeatPosition] = []
        guard !text.isEmpty else { return seats }
        var reader = FieldReader(text, separator: "+")
        while let part = reader.next() {
            guard let number = Int64(decimal: part), number >= 0 else { return nil }
            seats.append(SeatPosition(number: Int(number)))
        }
        return seats
    }

    /// Seats joined by `+`.
    public static func text(_ seats: [SeatPosition]) -> String {
        seats.map { String($0.number) }.joined(separator: "+")
    }

    /// Earlier rows first, then earlier places.
    public static func < (left: SeatPosition, right: SeatPosition) -> Bool { left.number < right.number }
}

/// Names one seat of one event: a UUIDv8 (RFC 9562, section 5.8) of a digest of the event's id and the seat's position,
/// so that a claim is understood without looking anything up.
public struct SeatID: Hashable, Sendable, CustomStringConvertible {
    /// Its bytes.
    public let uuid: UUIDBytes

    /// The id of a seat.
    public init(event: EventID, position: SeatPosition) {
        let digest = Self.digest(event)
        uuid = UUIDBytes(
            high: digest & 0xffff_ffff_ffff_0fff | 0x8000,
            low: 0x8000_0000_0000_0000 | UInt64(truncatingIfNeeded: position.number) & 0xffff_ffff)
    }

    /// Reads the text form; `nil` when it is no UUID.
    public init?(_ text: String) {
        guard let uuid = UUIDBytes(text) else { return nil }
        self.uuid = uuid
    }

    /// Where the seat is; `nil` when it is none of this event. The seat may still not exist.
    public func position(in event: EventID) -> SeatPosition? {
        let position = SeatPosition(number: Int(uuid.low & 0xffff_ffff))
        return SeatID(event: event, position: position) == self ? position : nil
    }

    /// The text form.
    public var description: String { uuid.description }

    /// The finalizer of SplitMix64 over both halves: guards against a seat of another event, not against forgery, which
    /// would gain nothing.
    private static func digest(_ event: EventID) -> UInt64 {
        var value = event.uuid.high ^ (event.uuid.low &* 0x9e37_79b9_7f4a_7c15)
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}
