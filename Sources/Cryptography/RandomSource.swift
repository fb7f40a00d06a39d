import CCrypto

/// `count` unpredictable bytes. The corresponding C function is `RAND_bytes`.
///
/// The process stops when the system gives no randomness: going on with guessable keys would be worse.
public func randomBytes(_ count: Int) -> [UInt8] {
    precondition(count >= 0 && count <= Int(Int32.max), "a byte count out of range")
    return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        if count > 0 {
            precondition(unsafe RAND_bytes(buffer.baseAddress, Int32(count)) == 1, "no randomness")
        }
        initialized = count
    }
}

/// Unpredictable bytes, fetched 4 KiB at a time: `RAND_bytes` costs a microsecond however little is asked for.
///
/// Not `Sendable`: each loop has its own.
public final class RandomSource: RandomNumberGenerator {
    private var buffer: [UInt8] = []
    private var position = 0

    /// Large enough to make the cost of a refill vanish, small enough to keep in the nearest cache.
    private static let refillBytes = 4_096

    /// A source that has fetched nothing yet.
    public init() {}

    /// 64 unpredictable bits.
    public func next() -> UInt64 {
        refill(atLeast: 8)
        let start = position
        position += 8
        return unsafe buffer.withUnsafeMutableBytes { bytes in
            defer { unsafe bytes.storeBytes(of: 0, toByteOffset: start, as: UInt64.self) }
            return unsafe UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self))
        }
    }

    /// `count` unpredictable bytes, at most 4,096.
    public func bytes(_ count: Int) -> [UInt8] {
        precondition(count >= 0 && count <= Self.refillBytes, "a byte count out of range")
        refill(atLeast: count)
        let bytes = (position..<position + count).map { take($0) }
        position += count
        return bytes
    }

    /// Handed out once and then overwritten, so that no key stays readable in the buffer.
    private func take(_ index: Int) -> UInt8 {
        let byte = buffer[index]
        buffer[index] = 0
        return byte
    }

    private func refill(atLeast count: Int) {
        guard buffer.count - position < count else { return }
        buffer = randomBytes(Self.refillBytes)
        position = 0
    }
}
