import Text

/// The 16 bytes of a UUID (RFC 9562), written in lower case.
public struct UUIDBytes: Hashable, Sendable, Comparable {
    /// The first eight bytes, big-endian.
    public let high: UInt64
    /// The last eight bytes, big-endian.
    public let low: UInt64

    /// The UUID of these bytes.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads the 36-character form; either case is accepted.
    ///
    /// - Returns: `nil` when `text` is anything else.
    public init?(_ text: String) { self.init(text.utf8.span) }

    /// The same of a part of a text.
    public init?(_ text: Substring) { self.init(text.utf8.span) }

    /// The same of text that is still bytes.
    public init?(utf8 text: ArraySlice<UInt8>) { self.init(text.span) }

    /// The same of text that is still bytes.
    public init?(utf8 text: Span<UInt8>) { self.init(text) }

    private init?(_ text: Span<UInt8>) {
        guard text.count == 36, text[8] == hyphen, text[13] == hyphen, text[18] == hyphen, text[23] == hyphen,
            let first = hexNumber(text, 0..<8), let second = hexNumber(text, 9..<13),
            let third = hexNumber(text, 14..<18), let fourth = hexNumber(text, 19..<23),
            let fifth = hexNumber(text, 24..<36)
        else { return nil }
        self.init(high: first << 32 | second << 16 | third, low: fourth << 48 | fifth)
    }

    /// The bytes in order, for hashing.
    public var bytes: [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: high >> (56 - 8 * UInt64($0))) }
            + (0..<8).map { UInt8(truncatingIfNeeded: low >> (56 - 8 * UInt64($0))) }
    }

    /// The version nibble (RFC 9562, section 4.2).
    public var version: Int { Int(high >> 12 & 0xf) }

    /// Lower is earlier in byte order.
    public static func < (left: UUIDBytes, right: UUIDBytes) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

extension UUIDBytes: CustomStringConvertible {
    /// The 36-character form, lower case.
    public var description: String { HexText(high: high, low: low).uuid }

    /// The 32 digits alone, lower case.
    public var digits: String { HexText(high: high, low: low).digits }

    /// Appends the 36-character form, lower case.
    public func append(to bytes: inout [UInt8]) { HexText(high: high, low: low).appendUUID(to: &bytes) }
}

private let hyphen = UInt8(ascii: "-")

/// A number of the digits; `nil` when one is none. Without a branch a digit: most texts are well-formed.
private func hexNumber(_ text: Span<UInt8>, _ digits: Range<Int>) -> UInt64? {
    var number: UInt64 = 0
    var isMalformed = false
    for index in digits {
        let byte = text[index]
        let lower = byte | 0x20
        let isDigit = byte &- 48 < 10
        isMalformed = isMalformed || !(isDigit || lower &- 97 < 6)
        number = number << 4 | UInt64(isDigit ? byte &- 48 : lower &- 87) & 0xf
    }
    return isMalformed ? nil : number
}
