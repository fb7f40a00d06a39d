package import BoxOffice
import Glibc

/// A verified token and its principal. Used on one loop.
package final class VerifiedToken {
    package let principal: Principal
    /// The principal's id. Stored separately because it is read more often than the principal, which is costly to copy.
    package let user: UserID
    /// Whether the principal is an administrator.
    package let isAdmin: Bool
    /// Whether the principal was authenticated by an API key.
    package let isService: Bool
    /// An object that the rate-limiting layer caches for the principal, to save a look-up per request.
    package var companion: AnyObject?

    fileprivate let bytes: [UInt8]
    /// Unix seconds.
    fileprivate let expires: Int64

    init(_ bytes: [UInt8], _ principal: Principal, expires: Int64) {
        (self.bytes, self.principal, self.expires) = (bytes, principal, expires)
        user = principal.id
        isAdmin = principal.isAdmin
        isService = principal.isService
    }
}

/// Caches verified tokens until they expire: verifying a signature costs more than a claim. Bounded in entries and
/// bytes. When the cache is full, tokens are evicted one by one, first those that were not used since they were added
/// or last spared (the CLOCK algorithm, since most clients of an on-sale come once). Used on one loop.
struct TokenCache {
    /// The last bytes of a token. They belong to the signature, which clients cannot choose, so no keyed hash is
    /// needed.
    private struct Key: Equatable {
        let first: UInt64
        let second: UInt64

        static let length = 16

        @unsafe init(_ token: UnsafeRawBufferPointer) {
            guard token.count >= Self.length else {
                unsafe (first, second) = (token.reduce(0) { $0 &* 31 &+ UInt64($1) }, UInt64(token.count))
                return
            }
            unsafe first = token.loadUnaligned(fromByteOffset: token.count - Self.length, as: UInt64.self)
            unsafe second = token.loadUnaligned(fromByteOffset: token.count - 8, as: UInt64.self)
        }

        /// Fibonacci hashing of the characters, each of which has six random bits.
        var hash: UInt64 { (first ^ second &* 0xff51_afd7_ed55_8ccd) &* 0x9e37_79b9_7f4a_7c15 }
    }

    private struct Slot {
        var key: Key
        var token: VerifiedToken?
        /// The next slot of the same bucket or of the free list; -1 for none.
        var next: Int32
        /// Whether the token was used since the hand last passed it.
        var wasUsed = false
    }

    private var slots: [Slot] = []
    private var buckets: [Int32] = []
    /// The first slot of the free list; -1 for none.
    private var free: Int32 = -1
    private var hand = 0
    private var bytes = 0
    /// The number of cached tokens.
    private(set) var count = 0
    private let maximumEntries: Int
    private let maximumBytes: Int
    private let shift: UInt64

    /// - Parameters:
    ///   - maximumEntries: about the number of users that one loop serves within minutes.
    ///   - maximumBytes: total size of tokens; tokens of outside issuers have up to 8 KiB each.
    init(maximumEntries: Int = 10_000, maximumBytes: Int = 8 << 20) {
        self.maximumEntries = maximumEntries
        self.maximumBytes = maximumBytes
        shift = UInt64(64 - max(4, Int.bitWidth - maximumEntries.leadingZeroBitCount))
    }

    /// The principal of a cached token that has not expired.
    ///
    /// - Parameter now: Unix seconds.
    mutating func principal(_ token: ArraySlice<UInt8>, now: Int64) -> Principal? { find(token, now: now)?.principal }

    /// The cached entry of a token that has not expired.
    mutating func find(_ token: ArraySlice<UInt8>, now: Int64) -> VerifiedToken? {
        unsafe token.withUnsafeBytes { unsafe find($0, now: now) }
    }

    /// The cached entry of a token, given as raw bytes.
    @unsafe mutating func find(_ token: UnsafeRawBufferPointer, now: Int64) -> VerifiedToken? {
        guard count > 0 else { return nil }
        let key = unsafe Key(token)
        var index = buckets[bucket(key)]
        while index >= 0 {
            let slot = Int(index)
            if slots[slot].key == key, let known = slots[slot].token, unsafe Self.areSame(known.bytes, token) {
                guard known.expires > now else {
                    remove(slot)
                    return nil
                }
                if !slots[slot].wasUsed { slots[slot].wasUsed = true }
                return known
            }
            index = slots[slot].next
        }
        return nil
    }

    @unsafe private static func areSame(_ known: [UInt8], _ token: UnsafeRawBufferPointer) -> Bool {
        unsafe known.count == token.count
            && known.withUnsafeBytes { bytes in
                guard let left = bytes.baseAddress, let right = token.baseAddress else { return true }
                return unsafe memcmp(left, right, token.count) == 0
            }
    }

    /// Caches a copy of a token, so that the buffer which contains it is not retained.
    @discardableResult
    mutating func remember(_ token: ArraySlice<UInt8>, _ principal: Principal, expires: Int64) -> VerifiedToken {
        let verified = VerifiedToken(Array(token), principal, expires: expires)
        guard token.count <= maximumBytes else { return verified }
        if let same = find(token, now: .min) { forget(same) }
        while count >= maximumEntries || bytes + token.count > maximumBytes { evictOne() }
        let key = unsafe token.withUnsafeBytes { unsafe Key($0) }
        if buckets.isEmpty { buckets = Array(repeating: -1, count: 1 << (64 - Int(shift))) }
        let index = slot(for: key, verified)
        slots[Int(index)].next = buckets[bucket(key)]
        buckets[bucket(key)] = index
        bytes += token.count
        count += 1
        return verified
    }

    private func bucket(_ key: Key) -> Int { Int(key.hash >> shift) }

    private mutating func slot(for key: Key, _ token: VerifiedToken) -> Int32 {
        guard free >= 0 else {
            slots.append(Slot(key: key, token: token, next: -1))
            return Int32(slots.count - 1)
        }
        let index = free
        free = slots[Int(index)].next
        slots[Int(index)] = Slot(key: key, token: token, next: -1)
        return index
    }

    private mutating func forget(_ token: VerifiedToken) {
        if let slot = slots.firstIndex(where: { $0.token === token }) { remove(slot) }
    }

    /// Moves the hand to the first token that was not used since the hand last passed it, and evicts that token.
    private mutating func evictOne() {
        while true {
            if hand >= slots.count { hand = 0 }
            defer { hand += 1 }
            guard slots[hand].token != nil else { continue }
            guard slots[hand].wasUsed else { return remove(hand) }
            slots[hand].wasUsed = false
        }
    }

    private mutating func remove(_ index: Int) {
        let slot = slots[index]
        let bucket = bucket(slot.key)
        if buckets[bucket] == index {
            buckets[bucket] = slot.next
        } else {
            var before = Int(buckets[bucket])
            while slots[before].next != index { before = Int(slots[before].next) }
            slots[before].next = slot.next
        }
        bytes -= slot.token?.bytes.count ?? 0
        count -= 1
        slots[index].token = nil
        slots[index].next = free
        free = Int32(index)
    }
}
