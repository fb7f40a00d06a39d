import Glibc
import Synchronization

/// Names for occurrences: requests that brought none, problems.
enum Identifiers {
    /// Random words not given away yet: one system call for many.
    private static let pool = Mutex<[UInt64]>([])
    private static let poolWords = 128
    private static let digits = Array("0123456789abcdef".utf8)

    /// A UUIDv4 (RFC 9562, section 5.4).
    static func uuid() -> String {
        let (first, second) = words()
        let high = first & 0xffff_ffff_ffff_0fff | 0x4000
        let low = second & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000
        return unsafe String(unsafeUninitializedCapacity: 36) { text in
            var end = 0
            for index in 0..<32 {
                if index == 8 || index == 12 || index == 16 || index == 20 {
                    unsafe text[end] = UInt8(ascii: "-")
                    end += 1
                }
                let word = index < 16 ? high : low
                unsafe text[end] = digits[Int(word >> (60 - 4 * UInt64(index % 16)) & 0xf)]
                end += 1
            }
            return end
        }
    }

    private static func words() -> (UInt64, UInt64) {
        pool.withLock { words in
            if words.count < 2 { words = randomWords() }
            return (words.removeLast(), words.removeLast())
        }
    }

    /// The corresponding C function is `getentropy`, which gives at most 256 bytes a call.
    private static func randomWords() -> [UInt64] {
        var words = [UInt64](repeating: 0, count: poolWords)
        for start in stride(from: 0, to: poolWords, by: 32) {
            let failed = unsafe words.withUnsafeMutableBytes { bytes in
                guard let address = bytes.baseAddress else { return true }
                return unsafe getentropy(address + start * 8, 256) != 0
            }
            precondition(!failed, "the system has no random numbers")
        }
        return words
    }
}
