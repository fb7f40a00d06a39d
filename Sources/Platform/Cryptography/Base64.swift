/// Encodes as URL-safe base64 without padding (RFC 4648 section 5).
package func base64URLEncode(_ bytes: [UInt8]) -> String {
    String(decoding: encode(bytes, alphabet: urlAlphabet), as: UTF8.self)
}

/// Decodes URL-safe base64 without padding (RFC 4648 section 5); nil unless the text is exactly what `base64URLEncode`
/// returns for the bytes, so that a token has a single spelling.
package func base64URLDecode(_ text: some StringProtocol) -> [UInt8]? {
    base64URLDecode(utf8: Array(text.utf8)[...])
}

/// Decodes URL-safe base64 given as UTF-8 bytes.
package func base64URLDecode(utf8 digits: ArraySlice<UInt8>) -> [UInt8]? {
    unsafe digits.withUnsafeBufferPointer { unsafe decode($0, values: urlValues) }
}

/// Encodes as padded base64 (RFC 4648 section 4).
package func base64Encode(_ bytes: [UInt8]) -> String {
    var text = encode(bytes, alphabet: plainAlphabet)
    while text.count % 4 != 0 { text.append(UInt8(ascii: "=")) }
    return String(decoding: text, as: UTF8.self)
}

/// Decodes padded base64 (RFC 4648 section 4); nil unless the text is exactly what `base64Encode` returns for the
/// bytes.
package func base64Decode(_ text: some StringProtocol) -> [UInt8]? {
    let digits = Array(text.utf8)
    guard digits.count % 4 == 0 else { return nil }
    let padding = digits.reversed().prefix { $0 == UInt8(ascii: "=") }.count
    guard padding <= 2 else { return nil }
    return unsafe digits.dropLast(padding).withUnsafeBufferPointer { unsafe decode($0, values: plainValues) }
}

private let common = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
private let urlAlphabet = Array((common + "-_").utf8)
private let plainAlphabet = Array((common + "+/").utf8)
private let urlValues = values(urlAlphabet)
private let plainValues = values(plainAlphabet)

/// The value of each digit; 255 for bytes outside the alphabet.
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

@unsafe private func decode(_ digits: UnsafeBufferPointer<UInt8>, values: [UInt8]) -> [UInt8]? {
    guard digits.count % 4 != 1 else { return nil }
    // OR of all values: above 63 if any digit was outside the alphabet.
    var all: UInt8 = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: digits.count / 4 * 3 + 2) { buffer, end in
        unsafe values.withUnsafeBufferPointer { values in
            var index = 0
            func next() -> UInt32 {
                let value = unsafe values[Int(digits[index])]
                all |= value
                index &+= 1
                return UInt32(value)
            }
            while index &+ 4 <= digits.count {
                let bits = next() << 18 | next() << 12 | next() << 6 | next()
                unsafe buffer[end] = UInt8(truncatingIfNeeded: bits >> 16)
                unsafe buffer[end &+ 1] = UInt8(truncatingIfNeeded: bits >> 8)
                unsafe buffer[end &+ 2] = UInt8(truncatingIfNeeded: bits)
                end &+= 3
            }
            guard index < digits.count else { return }
            let rest = digits.count - index
            let bits = next() << 12 | next() << 6 | (rest == 3 ? next() : 0)
            unsafe buffer[end] = UInt8(truncatingIfNeeded: bits >> 10)
            if rest == 3 { unsafe buffer[end &+ 1] = UInt8(truncatingIfNeeded: bits >> 2) }
            end &+= rest - 1
            // In the canonical spelling the remaining bits are zero.
            if bits & (rest == 3 ? 0x3 : 0x3ff) != 0 { all = 255 }
        }
    }
    return all < 64 ? bytes : nil
}
