import CCrypto
import Text

/// The first 16 bytes of a SHA-256 digest or an HMAC: by which idempotency keys and requests are known. Two words, so that
/// it is compared, hashed and written without an array.
public struct ShortDigest: Hashable, Sendable {
    /// The first eight bytes, big-endian.
    public let high: UInt64
    /// The next eight bytes, big-endian.
    public let low: UInt64

    /// The digest of these bytes.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The digest of what lies somewhere.
    @unsafe public init(of bytes: UnsafeRawBufferPointer) {
        unsafe self.init { unsafe usher_sha256(bytes.baseAddress, bytes.count, $0) }
    }

    /// The digest of `bytes`.
    public init(of bytes: [UInt8]) {
        self = unsafe bytes.withUnsafeBytes { unsafe ShortDigest(of: $0) }
    }

    /// Takes the first half of what `body` writes: 32 bytes.
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
    public var hex: String { HexText(high: high, low: low).digits }

    /// Appends the 32 digits.
    public func append(to bytes: inout [UInt8]) { HexText(high: high, low: low).appendDigits(to: &bytes) }
}
