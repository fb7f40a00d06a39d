import CCrypto

/// The SHA-256 digest of `bytes` (FIPS 180-4): 32 bytes. The corresponding C functions are `SHA256_Init`,
/// `SHA256_Update` and `SHA256_Final`.
package func sha256(_ bytes: [UInt8]) -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: Int(SHA256_DIGEST_LENGTH)) { buffer, count in
        unsafe bytes.withUnsafeBufferPointer { input in
            unsafe usher_sha256(input.baseAddress, input.count, buffer.baseAddress)
        }
        count = Int(SHA256_DIGEST_LENGTH)
    }
}

/// The SHA-1 digest of `bytes` (FIPS 180-4) as 40 lower-case hexadecimal digits, the form in which Redis names scripts;
/// not for security. The corresponding C function is `SHA1`.
package func sha1Hex(_ bytes: [UInt8]) -> String {
    let digest = unsafe [UInt8](unsafeUninitializedCapacity: Int(SHA_DIGEST_LENGTH)) { buffer, count in
        unsafe bytes.withUnsafeBufferPointer { input in
            _ = unsafe SHA1(input.baseAddress, input.count, buffer.baseAddress)
        }
        count = Int(SHA_DIGEST_LENGTH)
    }
    return hexEncode(digest)
}

/// HMAC with SHA-256 (RFC 2104, RFC 4231): 32 bytes. For a key that is used repeatedly, keep an `HMACKey`.
///
/// - Parameters:
///   - key: the secret, of any length.
///   - message: the bytes to authenticate.
package func hmacSHA256(key: [UInt8], message: [UInt8]) -> [UInt8] { HMACKey(key).code(of: message) }

/// Whether two byte strings are equal, in time that depends on their lengths only.
/// The corresponding C function is `CRYPTO_memcmp`.
package func constantTimeEquals(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    guard !left.isEmpty else { return true }
    return unsafe left.withUnsafeBytes { left in
        unsafe right.withUnsafeBytes { right in
            unsafe CRYPTO_memcmp(left.baseAddress, right.baseAddress, left.count) == 0
        }
    }
}
