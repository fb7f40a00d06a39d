/// Recognises the most frequent header names, in their usual spellings, by eight-byte comparisons.
extension PlainHead {
    /// How many bytes are read from the line.
    private static let looked = 16

    /// The offset of the colon after a usual name.
    ///
    /// - Parameter end: the end of the line.
    /// - Returns: `start` if the line has another name, or is too short.
    @unsafe static func colon(_ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Int {
        guard end - start >= looked else { return start }
        let bytes = unsafe UnsafeRawPointer(base + start)
        func word(_ offset: Int) -> UInt64 {
            unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        switch word(0) {
        case 0x7a69_726f_6874_7541:  // Authoriz
            // ization:
            if word(6) == 0x3a6e_6f69_7461_7a69 { return start + 13 }
        case 0x2d74_6e65_746e_6f43:  // Content-
            // nt-Type:
            if word(5) == 0x3a65_7079_542d_746e { return start + 12 }
            // -Length:
            if word(7) == 0x3a68_7467_6e65_4c2d { return start + 14 }
        case 0x6574_6f70_6d65_6449:  // Idempote
            // ncy-Key:
            if word(8) == 0x3a79_654b_2d79_636e { return start + 15 }
        case 0x7a69_726f_6874_7561:  // authoriz
            // ization:
            if word(6) == 0x3a6e_6f69_7461_7a69 { return start + 13 }
        case 0x2d74_6e65_746e_6f63:  // content-
            // nt-type:
            if word(5) == 0x3a65_7079_742d_746e { return start + 12 }
            // -length:
            if word(7) == 0x3a68_7467_6e65_6c2d { return start + 14 }
        case 0x6574_6f70_6d65_6469:  // idempote
            // ncy-key:
            if word(8) == 0x3a79_656b_2d79_636e { return start + 15 }
        default: break
        }
        return start
    }
}
