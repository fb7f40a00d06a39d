import BoxOffice

/// The fields of a booking's record that an account needs, read byte by byte.
struct BookingText {
    let event: String
    let status: Int
    let expires: Int
    let deadline: Int
    let user: [UInt8]
    /// Tier, quantity and seats.
    private(set) var lines: [(tier: [UInt8], quantity: Int, seats: [Int])] = []

    var isHeld: Bool { status == 1 || status == 2 }
    var isLive: Bool { isHeld || status == 3 }

    init?(_ record: [UInt8]) {
        var reader = ByteReader(record)
        guard reader.take(1) == [UInt8(ascii: "b")] else { return nil }
        status = reader.number(1)
        // Flags, version, epoch and entry.
        _ = reader.take(18)
        event = "\(reader.id())"
        expires = reader.number(6)
        deadline = reader.number(6)
        // Attempts, extensions and times.
        _ = reader.take(20)
        user = reader.take(reader.number(2))
        // Digest, fingerprint and currency.
        _ = reader.take(35)
        for _ in 0..<reader.number(1) {
            let kind = reader.take(1)
            let tier = reader.take(16)
            let quantity = reader.number(2)
            _ = reader.take(6)
            let seats = kind == [UInt8(ascii: "s")] ? (0..<quantity).map { _ in reader.number(3) } : []
            lines.append((tier, quantity, seats))
        }
        if reader.isShort { return nil }
    }
}

/// Reads bytes in order.
struct ByteReader {
    private let bytes: [UInt8]
    private var place = 0
    /// Whether a read went past the end.
    private(set) var isShort = false

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { place == bytes.count }

    mutating func take(_ count: Int) -> [UInt8] {
        guard place + count <= bytes.count else {
            isShort = true
            return Array(repeating: 0, count: count)
        }
        defer { place += count }
        return Array(bytes[place..<place + count])
    }

    mutating func number(_ width: Int) -> Int { take(width).reduce(0) { $0 << 8 | Int($1) } }

    mutating func id() -> UUIDBytes {
        func half(_ bytes: [UInt8]) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        return UUIDBytes(high: half(take(8)), low: half(take(8)))
    }
}
