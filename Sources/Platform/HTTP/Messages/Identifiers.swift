import CHTTPParser
import Glibc
import Synchronization
import Text

/// Generated ids: for requests without one, and for problems.
enum Identifiers {
    /// Random words, and how many of them have been used.
    private struct Pool {
        var words: [UInt64] = []
        var used = 0
    }

    private static let pool = Mutex(Pool())
    /// Fetches random bytes for hundreds of ids at once: a system call costs more than the 16 bytes of an id.
    private static let poolWords = 1024

    /// A UUIDv4 (RFC 9562, section 5.4).
    static func uuid() -> String {
        let (high, low) = words()
        return HexText(high: high, low: low).uuid
    }

    /// A UUIDv4 as two words.
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

    /// Uses `getrandom`, which may return fewer bytes than requested if a signal arrives.
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
