import Text

/// The 16 bytes of a UUID (RFC 9562), written in lower case.
package struct UUIDBytes: Hashable, Sendable, Comparable {
    /// The first eight bytes, big-endian.
    package let high: UInt64
    /// The last eight bytes, big-endian.
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Parses the 36-character form; accepts either case.
    ///
    /// - Returns: `nil` if `text` is anything else.
    package init?(_ text: String) { self.init(text.utf8.span) }

    /// Parses a part of a text.
    package init?(_ text: Substring) { self.init(text.utf8.span) }

    /// Parses UTF-8 bytes.
    package init?(utf8 text: ArraySlice<UInt8>) { self.init(text.span) }

    /// Parses UTF-8 bytes.
    package init?(utf8 text: Span<UInt8>) { self.init(text) }

    private init?(_ text: Span<UInt8>) {
        guard text.count == HexText.uuidLength else { return nil }
        let words = text.withUnsafeBytes { bytes -> (UInt64, UInt64)? in
            // 8-4-4-4-12: joins the four digits on either side of a hyphen.
            let second = UInt64(bytes.loadUnaligned(fromByteOffset: 9, as: UInt32.self))
            let third = UInt64(bytes.loadUnaligned(fromByteOffset: 14, as: UInt32.self))
            let fourth = UInt64(bytes.loadUnaligned(fromByteOffset: 19, as: UInt32.self))
            let fifth = UInt64(bytes.loadUnaligned(fromByteOffset: 24, as: UInt32.self))
            guard bytes[8] == hyphen, bytes[13] == hyphen, bytes[18] == hyphen, bytes[23] == hyphen,
                let one = hexNumber(bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                let two = hexNumber(second | third << 32), let three = hexNumber(fourth | fifth << 32),
                let four = hexNumber(bytes.loadUnaligned(fromByteOffset: 28, as: UInt64.self))
            else { return nil }
            return (UInt64(one) << 32 | UInt64(two), UInt64(three) << 32 | UInt64(four))
        }
        guard let words else { return nil }
        self.init(high: words.0, low: words.1)
    }

    /// The bytes in order, for hashing.
    package var bytes: [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: high >> (56 - 8 * UInt64($0))) }
            + (0..<8).map { UInt8(truncatingIfNeeded: low >> (56 - 8 * UInt64($0))) }
    }

    /// The version nibble (RFC 9562, section 4.2).
    package var version: Int { Int(high >> 12 & 0xf) }

    /// Byte order.
    package static func < (left: UUIDBytes, right: UUIDBytes) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

extension UUIDBytes: CustomStringConvertible {
    /// The 36-character form, lower case.
    package var description: String { HexText(high: high, low: low).uuid }

    /// The 32 digits without hyphens, lower case.
    package var digits: String { HexText(high: high, low: low).digits }

    /// Appends the 36-character form, lower case.
    package func append(to bytes: inout [UInt8]) { HexText(high: high, low: low).appendUUID(to: &bytes) }
}

private let hyphen = UInt8(ascii: "-")
