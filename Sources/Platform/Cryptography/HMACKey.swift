import CCrypto

/// A key of HMAC-SHA-256 (RFC 2104) for repeated use: its two blocks are hashed once.
@safe package final class HMACKey: @unchecked Sendable {
    // SAFETY of @unchecked: written in `init` only.
    private let key: UnsafeMutablePointer<usher_hmac_key>

    /// A secret key of any length.
    package init(_ bytes: [UInt8]) {
        unsafe key = .allocate(capacity: 1)
        unsafe key.initialize(to: usher_hmac_key())
        unsafe bytes.withUnsafeBufferPointer { unsafe usher_hmac_prepare(key, $0.baseAddress, $0.count) }
    }

    deinit {
        unsafe OPENSSL_cleanse(key, MemoryLayout<usher_hmac_key>.size)
        unsafe key.deallocate()
    }

    /// The code of a message: 32 bytes. The corresponding C functions are `SHA256_Update` and `SHA256_Final`.
    package func code(of message: [UInt8]) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: Int(SHA256_DIGEST_LENGTH)) { buffer, count in
            unsafe message.withUnsafeBufferPointer {
                unsafe usher_hmac(key, $0.baseAddress, $0.count, buffer.baseAddress)
            }
            count = Int(SHA256_DIGEST_LENGTH)
        }
    }

    /// The first 16 bytes of a message's code.
    package func shortCode(of message: [UInt8]) -> ShortDigest {
        unsafe message.withUnsafeBytes { unsafe shortCode(of: $0) }
    }

    /// The first 16 bytes of the code of a message in a raw buffer.
    @unsafe package func shortCode(of message: UnsafeRawBufferPointer) -> ShortDigest {
        unsafe ShortDigest { unsafe usher_hmac(key, message.baseAddress, message.count, $0) }
    }

    /// Whether `code` is the code of a message, in time that depends on the message's length only.
    @unsafe package func verifies(_ code: UnsafeRawBufferPointer, of message: UnsafeRawBufferPointer) -> Bool {
        guard code.count == Int(SHA256_DIGEST_LENGTH) else { return false }
        return unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Int(SHA256_DIGEST_LENGTH)) { own in
            unsafe usher_hmac(key, message.baseAddress, message.count, own.baseAddress)
            return unsafe CRYPTO_memcmp(code.baseAddress, own.baseAddress, code.count) == 0
        }
    }
}
