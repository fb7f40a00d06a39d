import CCrypto

/// Random numbers good enough for ids and secrets, fetched in blocks: a system call a number would show in a claim.
///
/// One per loop; not `Sendable`. The corresponding C function is `RAND_bytes`.
public final class RandomSource: RandomNumberGenerator {
    /// One refill serves 512 numbers.
    private static let blockBytes = 4096

    private var block = [UInt8](repeating: 0, count: RandomSource.blockBytes)
    private var position = RandomSource.blockBytes

    /// A source that fills its block at the first use.
    public init() {}

    /// 64 random bits.
    public func next() -> UInt64 {
        if position + 8 > block.count { refill() }
        defer { position += 8 }
        var value: UInt64 = 0
        for index in position..<position + 8 {
            value = value << 8 | UInt64(block[index])
            block[index] = 0
        }
        return value
    }

    /// So many random bytes.
    public func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }

    private func refill() {
        let filled = unsafe RAND_bytes(&block, Int32(block.count))
        precondition(filled == 1, "the system has no randomness")
        position = 0
    }
}
