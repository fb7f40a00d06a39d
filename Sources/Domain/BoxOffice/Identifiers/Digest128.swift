/// The first 16 bytes of a digest: of an idempotency key in its scope, or of the request that it came with.
package struct Digest128: Hashable, Sendable, CustomStringConvertible {
    /// The first eight bytes, big-endian.
    package let high: UInt64
    /// The last eight bytes, big-endian.
    package let low: UInt64

    /// Stands for no key.
    package static let zero = Digest128(high: 0, low: 0)

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Takes the first 16 bytes of a digest; `nil` if there are fewer.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count >= 16 else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        for (index, byte) in bytes.prefix(16).enumerated() {
            if index < 8 { words.0 = words.0 << 8 | UInt64(byte) } else { words.1 = words.1 << 8 | UInt64(byte) }
        }
        self.init(high: words.0, low: words.1)
    }

    /// Parses 32 lower-case hexadecimal digits.
    package init?(hexadecimal text: Substring) {
        let digits = text.utf8
        guard digits.count == 32 else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        for (index, byte) in digits.enumerated() {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            default: return nil
            }
            if index < 16 { words.0 = words.0 << 4 | UInt64(digit) } else { words.1 = words.1 << 4 | UInt64(digit) }
        }
        self.init(high: words.0, low: words.1)
    }

    /// The form of a key's digest: its first byte is 0x80 to 0xBF, which no UTF-8 text begins with, so that keys and
    /// users' names cannot collide in one hash.
    package var asKey: Digest128 { Digest128(high: high & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000, low: low) }

    /// The 32 hexadecimal digits, lower case.
    package var description: String { UUIDBytes(high: high, low: low).digits }
}

/// An idempotency key in stored form: a digest of the key in its scope, and the fingerprint of the request.
package struct ClaimKey: Hashable, Sendable, CustomStringConvertible {
    /// Of the key and its scope (`Digest128.asKey`).
    package let digest: Digest128
    /// Of the request that came with it.
    package let fingerprint: Digest128

    package init(digest: Digest128, fingerprint: Digest128) {
        self.digest = digest
        self.fingerprint = fingerprint
    }

    /// Parses `digest.fingerprint`, each 32 hexadecimal digits; `nil` for anything else. Releases before the second
    /// form of Redis's data stored digests that were not `Digest128.asKey`.
    package init?(_ text: String) {
        let parts = text.split(separator: ".", maxSplits: 1)
        guard parts.count == 2, let digest = Digest128(hexadecimal: parts[0]),
            let fingerprint = Digest128(hexadecimal: parts[1])
        else { return nil }
        self.init(digest: digest.asKey, fingerprint: fingerprint)
    }

    /// `digest.fingerprint`, as PostgreSQL stores it.
    package var description: String { "\(digest).\(fingerprint)" }
}
