/// Eight lower-case hexadecimal digits of a word, in memory order: the first digit is in the lowest byte.
///
/// Converts all digits at once: ids and digests are written several times per request, and one digit at a time costs
/// ten times as much.
@inlinable
package func hexDigits(_ word: UInt32) -> UInt64 {
    var nibbles = UInt64(word)
    nibbles = (nibbles << 16 | nibbles) & 0x0000_ffff_0000_ffff
    nibbles = (nibbles << 8 | nibbles) & 0x00ff_00ff_00ff_00ff
    nibbles = (nibbles << 4 | nibbles) & 0x0f0f_0f0f_0f0f_0f0f
    // 1 for each digit that is a letter.
    let letters = (nibbles &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
    return (nibbles &+ 0x3030_3030_3030_3030 &+ letters &* 0x27).byteSwapped
}

/// Parses eight hexadecimal digits of either case in memory order: the first digit is in the lowest byte of the word.
/// `nil` if any of them is not a digit.
@inlinable
package func hexNumber(_ digits: UInt64) -> UInt32? {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let high: UInt64 = 0x8080_8080_8080_8080
    // Converts capitals to lower case; digits have this bit already.
    let lower = digits | ones &* 0x20
    // For each byte the highest bit says: at least '0', above '9', at least 'a', above 'f'. Non-ASCII is checked
    // separately.
    let fromZero = lower &+ ones &* (0x80 - 0x30)
    let pastNine = lower &+ ones &* (0x80 - 0x3a)
    let fromA = lower &+ ones &* (0x80 - 0x61)
    let pastF = lower &+ ones &* (0x80 - 0x67)
    // A digit must have had the lower-case bit before it was set.
    let isDigit = fromZero & ~pastNine & (digits &<< 2)
    let isLetter = fromA & ~pastF
    guard digits & high == 0, (isDigit | isLetter) & high == high else { return nil }
    let letters = (isLetter & high) &>> 7
    var nibbles = ((lower & (ones &* 0x0f)) &+ letters &* 9).byteSwapped
    nibbles = (nibbles | nibbles &>> 4) & 0x00ff_00ff_00ff_00ff
    nibbles = (nibbles | nibbles &>> 8) & 0x0000_ffff_0000_ffff
    return UInt32(truncatingIfNeeded: nibbles | nibbles &>> 16)
}

/// Text forms of 16 bytes, given as two big-endian words: 32 hexadecimal digits, or the 36 characters of a UUID (RFC
/// 9562, section 4); lower case.
@frozen
package struct HexText {
    @usableFromInline let first: UInt64
    @usableFromInline let second: UInt64
    @usableFromInline let third: UInt64
    @usableFromInline let fourth: UInt64

    package static var uuidLength: Int { 36 }

    @inlinable
    package init(high: UInt64, low: UInt64) {
        first = hexDigits(UInt32(truncatingIfNeeded: high >> 32))
        second = hexDigits(UInt32(truncatingIfNeeded: high))
        third = hexDigits(UInt32(truncatingIfNeeded: low >> 32))
        fourth = hexDigits(UInt32(truncatingIfNeeded: low))
    }

    /// Writes the 36 characters of a UUID; `text` must have room for them.
    @inlinable
    package func writeUUID(to text: UnsafeMutableRawBufferPointer) {
        let hyphen: UInt64 = 0x2d
        unsafe text.storeBytes(of: first.littleEndian, toByteOffset: 0, as: UInt64.self)
        // -2222-22, 22-3333-, 3333 and 44444444.
        let middle = hyphen | second << 8 & 0xff_ffff_ff00 | hyphen << 40 | second << 16 & 0xffff_0000_0000_0000
        unsafe text.storeBytes(of: middle.littleEndian, toByteOffset: 8, as: UInt64.self)
        let next = second >> 48 | hyphen << 16 | third << 24 & 0xff_ffff_ff00_0000 | hyphen << 56
        unsafe text.storeBytes(of: next.littleEndian, toByteOffset: 16, as: UInt64.self)
        unsafe text.storeBytes(
            of: UInt32(truncatingIfNeeded: third >> 32).littleEndian, toByteOffset: 24, as: UInt32.self)
        unsafe text.storeBytes(of: fourth.littleEndian, toByteOffset: 28, as: UInt64.self)
    }

    /// Writes the 32 digits; `text` must have room for them.
    @inlinable
    package func writeDigits(to text: UnsafeMutableRawBufferPointer) {
        unsafe text.storeBytes(of: first.littleEndian, toByteOffset: 0, as: UInt64.self)
        unsafe text.storeBytes(of: second.littleEndian, toByteOffset: 8, as: UInt64.self)
        unsafe text.storeBytes(of: third.littleEndian, toByteOffset: 16, as: UInt64.self)
        unsafe text.storeBytes(of: fourth.littleEndian, toByteOffset: 24, as: UInt64.self)
    }

    /// Appends the 36 characters of a UUID.
    @inlinable
    package func appendUUID(to bytes: inout [UInt8]) {
        unsafe withUnsafeTemporaryAllocation(byteCount: 40, alignment: 8) { text in
            unsafe writeUUID(to: text)
            unsafe bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: text[..<36]))
        }
    }

    /// Appends the 32 digits.
    @inlinable
    package func appendDigits(to bytes: inout [UInt8]) {
        unsafe withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { text in
            unsafe writeDigits(to: text)
            unsafe bytes.append(contentsOf: UnsafeRawBufferPointer(text))
        }
    }

    /// The 36 characters of a UUID.
    package var uuid: String {
        unsafe String(unsafeUninitializedCapacity: 36) { buffer in
            unsafe writeUUID(to: UnsafeMutableRawBufferPointer(buffer))
            return 36
        }
    }

    /// The 32 digits.
    package var digits: String {
        unsafe String(unsafeUninitializedCapacity: 32) { buffer in
            unsafe writeDigits(to: UnsafeMutableRawBufferPointer(buffer))
            return 32
        }
    }
}
