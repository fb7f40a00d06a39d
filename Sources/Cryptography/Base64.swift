/// The URL-safe base64 of `bytes`, without padding (RFC 4648 section 5).
public func base64URLEncode(_ bytes: [UInt8]) -> String {
    String(decoding: encode(bytes, alphabet: urlAlphabet), as: UTF8.self)
}

/// The bytes of URL-safe base64 without padding (RFC 4648 section 5); nil unless it is exactly what
/// `base64URLEncode` gives for them, so that a token has one spelling.
public func base64URLDecode(_ text: some StringProtocol) -> [UInt8]? {
    base64URLDecode(utf8: text.utf8)
}

/// The same of text that is still bytes.
public func base64URLDecode(utf8 digits: some Collection<UInt8>) -> [UInt8]? {
    decode(Array(digits), values: urlValues)
}

/// The base64 of `bytes`, padded (RFC 4648 section 4).
public func base64Encode(_ bytes: [UInt8]) -> String {
    var text = encode(bytes, alphabet: plainAlphabet)
    while text.count % 4 != 0 { text.append(UInt8(ascii: "=")) }
    return String(decoding: text, as: UTF8.self)
}

/// The bytes of padded base64 (RFC 4648 section 4); nil unless it is exactly what `base64Encode` gives for them.
public func base64Decode(_ text: some StringProtocol) -> [UInt8]? {
    let digits = Array(text.utf8)
    guard digits.count % 4 == 0 else { return nil }
    let padding = digits.reversed().prefix { $0 == UInt8(ascii: "=") }.count
    guard padding <= 2 else { return nil }
    return decode(Array(digits.dropLast(padding)), values: plainValues)
}

private let common = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
private let urlAlphabet = Array((common + "-_").utf8)
private let plainAlphabet = Array((common + "+/").utf8)
private let urlValues = values(urlAlphabet)
private let plainValues = values(plainAlphabet)

/// What each byte stands for; 255 for those outside the alphabet.
private func values(_ alphabet: [UInt8]) -> [UInt8] {
    var values = [UInt8](repeating: 255, count: 256)
    for (value, digit) in alphabet.enumerated() { values[Int(digit)] = UInt8(value) }
    return values
}

private func encode(_ bytes: [UInt8], alphabet: [UInt8]) -> [UInt8] {
    var digits: [UInt8] = []
    digits.reserveCapacity((bytes.count + 2) / 3 * 4)
    var bits: UInt32 = 0
    var count = 0
    for byte in bytes {
        bits = (bits << 8 | UInt32(byte)) & 0xffff
        count += 8
        while count >= 6 {
            count -= 6
            digits.append(alphabet[Int(bits >> UInt32(count)) & 63])
        }
    }
    if count > 0 { digits.append(alphabet[Int(bits << UInt32(6 - count)) & 63]) }
    return digits
}

private func decode(_ digits: [UInt8], values: [UInt8]) -> [UInt8]? {
    guard digits.count % 4 != 1 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(digits.count * 3 / 4)
    var bits: UInt32 = 0
    var count = 0
    for digit in digits {
        let value = values[Int(digit)]
        guard value != 255 else { return nil }
        bits = (bits << 6 | UInt32(value)) & 0xffff
        count += 6
        if count >= 8 {
            count -= 8
            bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
        }
    }
    // The bits left over are zero in the one canonical spelling.
    return bits & ((1 << UInt32(count)) - 1) == 0 ? bytes : nil
}
