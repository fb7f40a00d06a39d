import CCrypto

/// SHA-256, looked up once: `SHA256` and `EVP_sha256` look it up by its name for every digest, which takes longer than
/// the digest of a short text.
///
/// SAFETY: libcrypto's algorithms never change and may be used by all threads; it lives as long as the process.
private nonisolated(unsafe) let sha256Algorithm: OpaquePointer = {
    guard let algorithm = unsafe EVP_MD_fetch(nil, "SHA256", nil) else {
        preconditionFailure("libcrypto has no SHA-256")
    }
    return unsafe algorithm
}()

/// The SHA-256 digest of `bytes` (FIPS 180-4): 32 bytes. The corresponding C function is `EVP_Digest`.
public func sha256(_ bytes: [UInt8]) -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: Int(SHA256_DIGEST_LENGTH)) { buffer, count in
        let done = unsafe bytes.withUnsafeBufferPointer { input in
            unsafe EVP_Digest(input.baseAddress, input.count, buffer.baseAddress, nil, sha256Algorithm, nil)
        }
        precondition(done == 1, "libcrypto is out of memory")
        count = Int(SHA256_DIGEST_LENGTH)
    }
}

/// The SHA-1 digest of `bytes` (FIPS 180-4) as 40 lower-case hexadecimal digits, as Redis names its scripts by; not for
/// security. The corresponding C function is `SHA1`.
public func sha1Hex(_ bytes: [UInt8]) -> String {
    let digest = unsafe [UInt8](unsafeUninitializedCapacity: Int(SHA_DIGEST_LENGTH)) { buffer, count in
        unsafe bytes.withUnsafeBufferPointer { input in
            _ = unsafe SHA1(input.baseAddress, input.count, buffer.baseAddress)
        }
        count = Int(SHA_DIGEST_LENGTH)
    }
    return hexEncode(digest)
}

/// HMAC with SHA-256 (RFC 2104, RFC 4231): 32 bytes. The corresponding C function is `HMAC`.
///
/// - Parameters:
///   - key: of any length; secret.
///   - message: what is authenticated.
public func hmacSHA256(key: [UInt8], message: [UInt8]) -> [UInt8] {
    // A null key would mean "the key of before" to libcrypto.
    let key = key.isEmpty ? [0] : key
    return unsafe [UInt8](unsafeUninitializedCapacity: Int(SHA256_DIGEST_LENGTH)) { buffer, count in
        var length: UInt32 = 0
        let done = unsafe key.withUnsafeBufferPointer { key in
            unsafe message.withUnsafeBufferPointer { message in
                unsafe HMAC(
                    sha256Algorithm, key.baseAddress, Int32(key.count), message.baseAddress, message.count,
                    buffer.baseAddress, &length)
            }
        }
        precondition(unsafe done != nil && length == SHA256_DIGEST_LENGTH, "libcrypto has no HMAC-SHA-256")
        count = Int(SHA256_DIGEST_LENGTH)
    }
}

/// Whether two byte strings are equal, in a time that depends on their lengths only.
/// The corresponding C function is `CRYPTO_memcmp`.
public func constantTimeEquals(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    guard !left.isEmpty else { return true }
    return unsafe left.withUnsafeBytes { left in
        unsafe right.withUnsafeBytes { right in
            unsafe CRYPTO_memcmp(left.baseAddress, right.baseAddress, left.count) == 0
        }
    }
}
