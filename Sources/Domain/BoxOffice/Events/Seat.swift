/// A seat's position in an event's seat map: its row and its place in the row, both from 0.
///
/// As a number it is row × 1,024 + place: the form in Lua, the outbox and PostgreSQL. It never changes once the event
/// is published.
package struct SeatPosition: Hashable, Sendable, Comparable {
    /// Maximum number of seats in a row, one less than ten bits allow.
    package static let maximumPlaces = 1023

    package let number: Int

    /// The seat with this number, which must not be negative.
    package init(number: Int) { self.number = number }

    package init(row: Int, place: Int) { number = row << 10 | place }

    /// From 0, over all tiers.
    package var row: Int { number >> 10 }
    /// From 0, within the row.
    package var place: Int { number & 0x3ff }

    /// Parses a list of seats joined by `+`; `nil` if it is malformed.
    package static func list(_ text: String) -> [SeatPosition]? { list(Array(text.utf8)[...]) }

    /// Parses a list from UTF-8 bytes.
    package static func list(_ text: ArraySlice<UInt8>) -> [SeatPosition]? {
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
    package static func text(_ seats: [SeatPosition]) -> String {
        seats.map { String($0.number) }.joined(separator: "+")
    }

    /// Earlier rows first, then earlier places.
    package static func < (left: SeatPosition, right: SeatPosition) -> Bool { left.number < right.number }
}

/// Identifies a seat of an event: a UUIDv8 (RFC 9562, section 5.8) of a digest of the event's id and the seat's
/// position, so that a claim can be parsed without a look-up.
package struct SeatID: Hashable, Sendable, CustomStringConvertible {
    package let uuid: UUIDBytes

    package init(event: EventID, position: SeatPosition) {
        let digest = Self.digest(event)
        uuid = UUIDBytes(
            high: digest & 0xffff_ffff_ffff_0fff | 0x8000,
            low: 0x8000_0000_0000_0000 | UInt64(truncatingIfNeeded: position.number) & 0xffff_ffff)
    }

    /// Parses the text form; `nil` if it is not a UUID.
    package init?(_ text: String) {
        guard let uuid = UUIDBytes(text) else { return nil }
        self.uuid = uuid
    }

    /// The seat's position; `nil` if the id is not of this event. The seat may still not exist.
    package func position(in event: EventID) -> SeatPosition? {
        let position = SeatPosition(number: Int(uuid.low & 0xffff_ffff))
        return SeatID(event: event, position: position) == self ? position : nil
    }

    package var description: String { uuid.description }

    /// The finalizer of SplitMix64 over both halves: detects seats of other events; protection against forgery is not
    /// needed, because forging an id gains nothing.
    private static func digest(_ event: EventID) -> UInt64 {
        var value = event.uuid.high ^ (event.uuid.low &* 0x9e37_79b9_7f4a_7c15)
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}
