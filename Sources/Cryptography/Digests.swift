import CCrypto

/// SHA-256 (FIPS 180-4) of `bytes`: 32 bytes. The corresponding C function is `SHA256`.
public func sha256(_ bytes: [UInt8]) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: 32)
    _ = unsafe SHA256(bytes, bytes.count, &digest)
    return digest
}

/// SHA-1 (FIPS 180-4) of `bytes` as 40 hexadecimal digits; Redis names scripts by it. Not for security.
/// The corresponding C function is `SHA1`.
public func sha1Hexadecimal(_ bytes: [UInt8]) -> String {
    var digest = [UInt8](repeating: 0, count: 20)
    _ = unsafe SHA1(bytes, bytes.count, &digest)
    return hexadecimal(digest)
}

/// HMAC-SHA-256 (RFC 2104): 32 bytes. The corresponding C function is `HMAC`.
public func hmacSHA256(key: [UInt8], message: some Collection<UInt8>) -> [UInt8] {
    var code = [UInt8](repeating: 0, count: 32)
    var length: UInt32 = 0
    let message = Array(message)
    _ = unsafe HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &code, &length)
    return code
}

/// Whether both are equal, in a time that depends on their lengths only. The corresponding C function is `CRYPTO_memcmp`.
public func constantTimeEquals(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    return unsafe CRYPTO_memcmp(left, right, left.count) == 0
}

/// Two lower-case digits a byte.
public func hexadecimal(_ bytes: some Collection<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count * 2)
    for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 0xf)])
    }
    return String(decoding: text, as: UTF8.self)
}
