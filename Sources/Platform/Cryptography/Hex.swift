/// Encodes as lower-case hexadecimal digits, two per byte.
package func hexEncode(_ bytes: [UInt8]) -> String { hexEncode(bytes[...]) }

/// Encodes a slice. Not generic: an unspecialised generic across modules costs a thousand instructions a byte.
package func hexEncode(_ bytes: ArraySlice<UInt8>) -> String {
    unsafe bytes.withUnsafeBufferPointer { bytes in
        unsafe String(unsafeUninitializedCapacity: bytes.count * 2) { text in
            for index in 0..<bytes.count {
                let byte = unsafe bytes[index]
                unsafe text[2 * index] = hexDigit(byte >> 4)
                unsafe text[2 * index + 1] = hexDigit(byte & 15)
            }
            return bytes.count * 2
        }
    }
}

private func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? value &+ 48 : value &+ 87 }

/// Decodes hexadecimal digits of either case; nil for any other character or an odd number of digits.
package func hexDecode(_ text: some StringProtocol) -> [UInt8]? {
    let digits = Array(text.utf8)
    guard digits.count % 2 == 0 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(digits.count / 2)
    for index in stride(from: 0, to: digits.count, by: 2) {
        guard let high = hexValue(digits[index]), let low = hexValue(digits[index + 1]) else { return nil }
        bytes.append(high << 4 | low)
    }
    return bytes
}

private func hexValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
}
