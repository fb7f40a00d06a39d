import Glibc
import Synchronization
import Text

/// Names for occurrences: requests that brought none, problems.
enum Identifiers {
    /// Random words not given away yet: one system call for many.
    private static let pool = Mutex<[UInt64]>([])
    private static let poolWords = 128

    /// A UUIDv4 (RFC 9562, section 5.4).
    static func uuid() -> String {
        let (high, low) = words()
        return HexText(high: high, low: low).uuid
    }

    /// The same as two words.
    static func words() -> (high: UInt64, low: UInt64) {
        let (first, second) = randomPair()
        return (first & 0xffff_ffff_ffff_0fff | 0x4000, second & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000)
    }

    private static func randomPair() -> (UInt64, UInt64) {
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
