/// Byte classes of whole runs, for the hot part of parsing: bit tables and 64-bit words instead of a branch per byte.
extension HTTPCharacters {
    /// `isToken` as a bit table of two words; a switch costs several times as much.
    static func isTokenByte(_ byte: UInt8) -> Bool {
        let word: UInt64 = byte & 0x40 == 0 ? 0x03ff_6cfa_0000_0000 : 0x57ff_ffff_c7ff_fffe
        return word &>> UInt64(byte & 0x3f) & UInt64(~byte &>> 7) == 1
    }

    /// Whether all bytes are allowed in a request target: visible ASCII without `#`.
    @unsafe static func areTarget(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        let raw = unsafe UnsafeRawPointer(bytes)
        var found: UInt64 = 0
        var index = 0
        while index &+ 8 <= count {
            let word = unsafe raw.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            // A byte below 0x21, above 0x7e, or `#` sets its highest bit; the borrow may set that of the next byte too.
            let hashes = word ^ 0x2323_2323_2323_2323
            found |= word | (word &- 0x2121_2121_2121_2121) & ~word | (word &+ 0x0101_0101_0101_0101)
            found |= (hashes &- 0x0101_0101_0101_0101) & ~hashes
            index &+= 8
        }
        while index < count {
            guard unsafe isTarget(bytes[index]) else { return false }
            index &+= 1
        }
        guard found & 0x8080_8080_8080_8080 != 0 else { return true }
        for index in 0..<count { guard unsafe isTarget(bytes[index]) else { return false } }
        return true
    }

    /// Whether all bytes are allowed in a header's value.
    @unsafe static func areValue(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        let raw = unsafe UnsafeRawPointer(bytes)
        var found: UInt64 = 0
        var index = 0
        while index &+ 8 <= count {
            let word = unsafe raw.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let deletes = word ^ 0x7f7f_7f7f_7f7f_7f7f
            found |= (word &- 0x2020_2020_2020_2020) & ~word
            found |= (deletes &- 0x0101_0101_0101_0101) & ~deletes
            index &+= 8
        }
        while index < count {
            guard unsafe isValue(bytes[index]) else { return false }
            index &+= 1
        }
        guard found & 0x8080_8080_8080_8080 != 0 else { return true }
        // Either a tab, or a byte after one that borrowed: check byte by byte.
        for index in 0..<count { guard unsafe isValue(bytes[index]) else { return false } }
        return true
    }

    /// Whether the bytes equal `lower`, ignoring case.
    @unsafe static func equal(_ bytes: UnsafeBufferPointer<UInt8>, _ lower: StaticString) -> Bool {
        guard bytes.count == lower.utf8CodeUnitCount else { return false }
        let expected = unsafe lower.utf8Start
        for index in 0..<bytes.count { guard unsafe lowercased(bytes[index]) == expected[index] else { return false } }
        return true
    }

    /// Whether a header's name equals `lower`, ignoring case. `lower` has letters and hyphens only, and as many bytes
    /// as the name. Setting bit 0x20 maps only the capital letter to its lower-case letter and only the hyphen to a
    /// hyphen, among token bytes.
    @unsafe static func isName(_ name: UnsafePointer<UInt8>, _ lower: StaticString) -> Bool {
        let count = lower.utf8CodeUnitCount
        let expected = unsafe lower.utf8Start
        guard count >= 8 else {
            for index in 0..<count where unsafe name[index] | 0x20 != expected[index] { return false }
            return true
        }
        var index = 0
        while true {
            let word = unsafe UnsafeRawPointer(name).loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let other = unsafe UnsafeRawPointer(expected).loadUnaligned(fromByteOffset: index, as: UInt64.self)
            guard word | 0x2020_2020_2020_2020 == other else { return false }
            if index == count - 8 { return true }
            // The last word may overlap the previous one.
            index = min(index + 8, count - 8)
        }
    }

    /// Whether the value is a host in the form that nearly all clients send: letters, digits, dots and hyphens, with an
    /// optional port. Other values may be valid hosts too; see `isHost`.
    @unsafe static func isUsualHost(_ value: UnsafeBufferPointer<UInt8>) -> Bool {
        var index = 0
        while index < value.count, unsafe isUsualHost(value[index]) { index &+= 1 }
        guard index > 0 else { return false }
        guard index < value.count else { return true }
        guard unsafe value[index] == UInt8(ascii: ":"), value.count - index <= 6 else { return false }
        for digit in index + 1..<value.count { guard unsafe isDigit(value[digit]) else { return false } }
        return true
    }

    private static func isUsualHost(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- 97 < 26 || byte &- 48 < 10 || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
    }
}
