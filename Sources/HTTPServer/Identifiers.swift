import CHTTPParser
import Glibc
import Synchronization
import Text

/// Names for occurrences: requests that brought none, problems.
enum Identifiers {
    /// Random words, and how many of them were given away.
    private struct Pool {
        var words: [UInt64] = []
        var used = 0
    }

    private static let pool = Mutex(Pool())
    /// One system call for hundreds of ids: a call costs more than the bytes of one.
    private static let poolWords = 1024

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
        pool.withLock { pool in
            if pool.used &+ 2 > pool.words.count { pool = Pool(words: randomWords()) }
            let first = pool.used
            pool.used = first &+ 2
            return (pool.words[first], pool.words[first &+ 1])
        }
    }

    /// The corresponding C function is `getrandom`, which gives less than it is asked for when a signal comes.
    private static func randomWords() -> [UInt64] {
        var words = [UInt64](repeating: 0, count: poolWords)
        unsafe words.withUnsafeMutableBytes { bytes in
            var filled = 0
            while filled < bytes.count {
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[filled...])
                let count = unsafe getrandom(rest.baseAddress, rest.count, 0)
                precondition(count > 0 || errno == EINTR, "the system has no random numbers")
                filled += max(0, count)
            }
        }
        return words
    }
}
