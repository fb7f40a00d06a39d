public import Booking
import EventLoop
import RedisClient

extension Inventory {
    /// What a claim can be told without a call of `apply` when too little is left: Redis said so a moment ago. One with an
    /// idempotency key also must not have used it: a used key may be that of a booking, on whatever copy it was made, and
    /// is judged by Redis.
    ///
    /// That a key was not used until now means that it was not when Redis said that all was sold: both were true at that
    /// time.
    func knownRefusal(_ request: ClaimRequest) -> ClaimOutcome? {
        guard connection.isReady else { return nil }
        return soldOut.refusal(request, now: monotonicNanoseconds())
    }

    /// The same of a claim of units of one tier that is not made yet: an on-sale is mostly these.
    ///
    /// - Parameters:
    ///   - partition: the event's.
    ///   - now: when it came, monotonic nanoseconds.
    public func knownRefusal(
        of quantity: Int, tier: TierID, event: EventID, in partition: Partition, now: Int64
    ) -> ClaimOutcome? {
        guard connection.isReady, knownEpoch(partition) != nil else { return nil }
        return soldOut.refusal(of: quantity, tier: tier, event: event, now: now)
    }

    /// Whether it is certain that a claim's key was not used; asked with all others of this tick.
    ///
    /// - Parameters:
    ///   - key: the digest of the claim's key.
    ///   - then: called once, on the loop.
    public func isNew(_ key: Digest128, of event: EventID, then: @escaping (Bool) -> Void) {
        keyLookup.ask(key, of: event, then)
    }

    /// Whether none of these keys was used for an event, in a partition that is still what it was when its epoch was
    /// read: what a function's guard would have found, read after the keys.
    ///
    /// - Parameters:
    ///   - days: of which days the event had keys when it was last asked; `nil` when it never was: nothing is certain
    ///     then.
    ///   - answer: called once, with that and the days as they are now.
    func lookUp(
        _ event: EventID, _ bits: [UInt64], _ days: KeyLookup.Days?,
        _ answer: @escaping (_ areNew: Bool, KeyLookup.Days?) -> Void
    ) {
        let partition = keys.partition(of: event)
        guard let epoch = knownEpoch(partition), let identity = connection.identity?.token else {
            return answer(false, days)
        }
        var areNew = days != nil
        if let days, days.last > 0 {
            for day in days.hasDayBefore ? [days.last, days.last - 1] : [days.last] {
                connection.send(Self.keyLookup(keys.dayKeys(event, day: day), bits)) { result in
                    if case .success(let value) = result, let found = value.array, found.allSatisfy(\.isNull) { return }
                    areNew = false
                }
            }
        }
        var now: KeyLookup.Days?
        connection.send(RedisCommand("HGET", keys.event(event), "n")) { result in
            if case .success(let value) = result { now = value.bytes.flatMap { KeyLookup.Days(numbers: $0) } }
        }
        let guarded = RedisCommand("HGET", keys.meta(partition), "state")
        connection.send(guarded) { result in
            guard case .success(let value) = result else { return answer(false, now) }
            let isOpen = value.string == Self.openState(epoch: epoch, identity: identity)
            answer(areNew && isOpen && now == days, now)
        }
    }

    /// Asks whether keys, by the bits that ids of bookings carry, were used on a day.
    static func keyLookup(_ key: String, _ bits: [UInt64]) -> RedisCommand {
        var command = RedisCommand(argumentCount: 2 + bits.count)
        command.append("HMGET")
        command.append(key)
        for word in bits { command.append(word: word) }
        return command
    }
}
