import CCrypto
import Text

/// The first 16 bytes of a SHA-256 digest or an HMAC; identifies idempotency keys and requests. Stored as two words, so
/// that comparing, hashing and writing need no array.
package struct ShortDigest: Hashable, Sendable {
    /// The first eight bytes, big-endian.
    package let high: UInt64
    /// The next eight bytes, big-endian.
    package let low: UInt64

    /// A digest with these words.
    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The digest of the bytes in a raw buffer.
    @unsafe package init(of bytes: UnsafeRawBufferPointer) {
        unsafe self.init { unsafe usher_sha256(bytes.baseAddress, bytes.count, $0) }
    }

    /// The digest of `bytes`.
    package init(of bytes: [UInt8]) {
        self = unsafe bytes.withUnsafeBytes { unsafe ShortDigest(of: $0) }
    }

    /// Takes the first half of the 32 bytes that `body` writes.
    init(_ body: (UnsafeMutablePointer<UInt8>?) -> Void) {
        let words = unsafe withUnsafeTemporaryAllocation(byteCount: Int(SHA256_DIGEST_LENGTH), alignment: 8) { digest in
            unsafe body(digest.baseAddress?.assumingMemoryBound(to: UInt8.self))
            return unsafe (
                UInt64(bigEndian: digest.load(as: UInt64.self)),
                UInt64(bigEndian: digest.load(fromByteOffset: 8, as: UInt64.self))
            )
        }
        self.init(high: words.0, low: words.1)
    }

    /// 32 lower-case hexadecimal digits.
    package var hex: String { HexText(high: high, low: low).digits }

    /// Appends the 32 hexadecimal digits.
    package func append(to bytes: inout [UInt8]) { HexText(high: high, low: low).appendDigits(to: &bytes) }
}
