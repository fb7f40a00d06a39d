import CCrypto

/// Returns `count` unpredictable bytes. The corresponding C function is `RAND_bytes`.
///
/// Traps if the system has no randomness: continuing with guessable keys would be worse.
package func randomBytes(_ count: Int) -> [UInt8] {
    precondition(count >= 0 && count <= Int(Int32.max), "a byte count out of range")
    return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        if count > 0 {
            precondition(unsafe RAND_bytes(buffer.baseAddress, Int32(count)) == 1, "no randomness")
        }
        initialized = count
    }
}

/// Unpredictable bytes, fetched 4 KiB at a time: a call of `RAND_bytes` costs a microsecond however few bytes are
/// requested.
///
/// Not `Sendable`: each loop has its own.
package final class RandomSource: RandomNumberGenerator {
    private var buffer: [UInt8] = []
    private var position = 0

    /// Large enough to amortise a refill, small enough for the nearest cache.
    private static let refillBytes = 4_096

    package init() {}

    package func next() -> UInt64 {
        refill(atLeast: 8)
        let start = position
        position += 8
        return unsafe buffer.withUnsafeMutableBytes { bytes in
            defer { unsafe bytes.storeBytes(of: 0, toByteOffset: start, as: UInt64.self) }
            return unsafe UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self))
        }
    }

    /// `count` unpredictable bytes, at most 4,096.
    package func bytes(_ count: Int) -> [UInt8] {
        precondition(count >= 0 && count <= Self.refillBytes, "a byte count out of range")
        refill(atLeast: count)
        let bytes = (position..<position + count).map { take($0) }
        position += count
        return bytes
    }

    /// Overwrites each byte once it is used, so that no key stays readable in the buffer.
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
