/// Validates the framing of a chunked body strictly (RFC 9112, section 7.1).
///
/// Debian builds http_parser without its strict checks: it accepts any two bytes in place of the CR LF after a chunk's
/// data, any byte in place of the LF after a size, and trailers that give another length. With each of these, two
/// servers can disagree about where the request ends.
struct ChunkGuard {
    private enum Place {
        case size, extensions, sizeLineFeed
        case data, dataReturn, dataLineFeed
        case trailer, trailerValue, trailerLineFeed
        case end
    }

    /// Maximum digits of a chunk size, leading zeros included: 64 bits.
    private static let sizeDigits = 16

    private let limit: Int
    private var place = Place.size
    private var size: UInt64 = 0
    private var digits = 0
    private var remaining = 0
    private var total = 0
    /// Bytes that do not belong to the body: sizes, extensions, trailers.
    private var overhead = 0
    private var trailer: [UInt8] = []

    /// - Parameter limit: maximum bytes of the body, and separately of its framing.
    init(limit: Int) { self.limit = limit }

    /// Consumes the next bytes. Returns how many belong to the body, and whether the body ends with them.
    mutating func follow(_ bytes: ArraySlice<UInt8>) throws(Refusal) -> (count: Int, isEnd: Bool) {
        var index = bytes.startIndex
        while index < bytes.endIndex {
            if place == .data {
                let count = min(remaining, bytes.endIndex - index)
                index += count
                remaining -= count
                if remaining == 0 { place = .dataReturn }
                continue
            }
            overhead += 1
            guard overhead <= limit else { throw .bodyTooLarge(limit) }
            try step(bytes[index])
            index += 1
            if place == .end { return (index - bytes.startIndex, true) }
        }
        return (bytes.count, false)
    }

    private mutating func step(_ byte: UInt8) throws(Refusal) {
        switch (place, byte) {
        case (.size, 13) where digits > 0, (.extensions, 13): place = .sizeLineFeed
        case (.size, UInt8(ascii: ";")) where digits > 0: place = .extensions
        case (.size, _): try takeDigit(byte)
        case (.extensions, _) where HTTPCharacters.isValue(byte): break
        case (.sizeLineFeed, 10): try beginChunk()
        case (.dataReturn, 13): place = .dataLineFeed
        case (.dataLineFeed, 10): beginSize()
        case (.trailer, 13) where trailer.isEmpty, (.trailerValue, 13): place = .trailerLineFeed
        case (.trailer, UInt8(ascii: ":")) where !trailer.isEmpty: takeTrailer(byte, .trailerValue)
        // Refused at once, as http_parser does: waiting for the end of the line would make the result depend on how the
        // bytes are split.
        case (.trailer, _) where HTTPCharacters.isToken(byte): takeTrailer(byte, .trailer)
        case (.trailerValue, _) where HTTPCharacters.isValue(byte): takeTrailer(byte, .trailerValue)
        case (.trailerLineFeed, 10): try endTrailer()
        default: throw .malformed("The chunked body is malformed.")
        }
    }

    private mutating func takeDigit(_ byte: UInt8) throws(Refusal) {
        guard let digit = HTTPCharacters.hexadecimalDigit(byte), digits < Self.sizeDigits else {
            throw .malformed("The size of a chunk is malformed.")
        }
        digits += 1
        size = size << 4 | UInt64(digit)
    }

    private mutating func beginSize() {
        place = .size
        size = 0
        digits = 0
    }

    private mutating func beginChunk() throws(Refusal) {
        guard size <= UInt64(limit - total) else { throw .bodyTooLarge(limit) }
        remaining = Int(size)
        total += remaining
        place = remaining == 0 ? .trailer : .data
    }

    private mutating func takeTrailer(_ byte: UInt8, _ next: Place) {
        trailer.append(byte)
        place = next
    }

    private mutating func endTrailer() throws(Refusal) {
        guard !trailer.isEmpty else {
            place = .end
            return
        }
        try FramingGuard.checkTrailer(trailer[...])
        trailer.removeAll()
        place = .trailer
    }
}
