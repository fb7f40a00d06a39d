import BoxOffice

/// Parses a value in Redis's binary form from beginning to end: big-endian numbers of 1 to 8 bytes, ids of 16, texts
/// preceded by their lengths.
///
/// Missing bytes read as zeros; callers check once, at the end, whether any were missing (`isWhole`).
struct ByteReader {
    private let bytes: ArraySlice<UInt8>
    private(set) var position: Int
    private var isShort = false

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    /// Whether no bytes were missing, and none are left.
    var isWhole: Bool { !isShort && position == bytes.endIndex }
    /// Whether no bytes were missing.
    var isSound: Bool { !isShort }
    /// Whether no bytes are left.
    var isAtEnd: Bool { position == bytes.endIndex }
    /// Number of bytes left.
    var count: Int { bytes.endIndex - position }
    /// The bytes not read yet.
    var remainder: ArraySlice<UInt8> { bytes[position...] }

    /// Marks the value as incomplete.
    mutating func fail() {
        isShort = true
        position = bytes.endIndex
    }

    /// The next `width` bytes; fails if there are fewer.
    mutating func take(_ width: Int) -> ArraySlice<UInt8> {
        guard width <= bytes.endIndex - position else {
            fail()
            return bytes[position...]
        }
        defer { position += width }
        return bytes[position..<position + width]
    }

    /// The next bytes as a number.
    ///
    /// - Parameter width: 1 to 8.
    mutating func word(_ width: Int) -> UInt64 {
        let offset = position - bytes.startIndex
        guard width <= bytes.count - offset else {
            fail()
            return 0
        }
        position += width
        return bytes.withUnsafeBytes { bytes in
            guard offset &+ 8 > bytes.count else {
                // Loads eight bytes at once and drops those behind the number.
                let eight = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                return eight &>> UInt64(truncatingIfNeeded: 64 &- 8 &* width)
            }
            var number: UInt64 = 0
            for index in offset..<offset + width { number = number << 8 | UInt64(bytes[index]) }
            return number
        }
    }

    /// The next byte.
    mutating func byte() -> UInt8 {
        guard position < bytes.endIndex else {
            fail()
            return 0
        }
        defer { position &+= 1 }
        return bytes[position]
    }

    mutating func integer(_ width: Int) -> Int { Int(truncatingIfNeeded: word(width)) }
    mutating func long(_ width: Int) -> Int64 { Int64(truncatingIfNeeded: word(width)) }

    mutating func uuid() -> UUIDBytes {
        let high = word(8)
        return UUIDBytes(high: high, low: word(8))
    }

    mutating func digest() -> Digest128 {
        let high = word(8)
        return Digest128(high: high, low: word(8))
    }

    /// A text preceded by its length; fails if it is not UTF-8.
    mutating func text(length width: Int) -> String {
        let bytes = take(integer(width))
        // Most texts are ASCII and need no validation.
        let isASCII = bytes.withUnsafeBufferPointer { $0.allSatisfy { $0 < 0x80 } }
        if isASCII { return String(decoding: bytes, as: UTF8.self) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            fail()
            return ""
        }
        return text
    }

    /// Seats of three bytes each.
    mutating func seats(_ count: Int) -> [SeatPosition] {
        guard count > 0 else { return [] }
        guard count <= self.count / BookingLayout.seatWidth else {
            fail()
            return []
        }
        return (0..<count).map { _ in SeatPosition(number: integer(BookingLayout.seatWidth)) }
    }
}

extension [UInt8] {
    /// Appends the low bytes of a number, big-endian.
    mutating func append(_ number: Int64, width: Int) {
        append(word: UInt64(bitPattern: number), width: width)
    }

    /// Appends the low bytes of a number, big-endian.
    mutating func append(_ number: Int, width: Int) {
        append(word: UInt64(truncatingIfNeeded: number), width: width)
    }

    mutating func append(word: UInt64, width: Int) {
        var shift = UInt64(8 * width)
        while shift > 0 {
            shift -= 8
            append(UInt8(truncatingIfNeeded: word >> shift))
        }
    }

    mutating func append(_ uuid: UUIDBytes) { append(uuid.high, uuid.low) }

    mutating func append(_ digest: Digest128) { append(digest.high, digest.low) }

    /// Appends sixteen bytes at once.
    private mutating func append(_ high: UInt64, _ low: UInt64) {
        Swift.withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { append(contentsOf: $0) }
    }

    /// Appends a text preceded by its length.
    mutating func append(text: String, length width: Int) {
        precondition(text.utf8.count < 1 << (8 * width), "a text too long for its length field")
        append(text.utf8.count, width: width)
        append(contentsOf: text.utf8)
    }

    mutating func append(_ seats: [SeatPosition]) {
        for seat in seats { append(seat.number, width: BookingLayout.seatWidth) }
    }
}
