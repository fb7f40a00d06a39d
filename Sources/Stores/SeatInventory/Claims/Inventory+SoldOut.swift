package import BoxOffice
import Loops
import RedisClient

extension Inventory {
    /// Refuses a claim without calling `apply` if Redis reported too little left a moment ago. A claim with an
    /// idempotency key must also be checked for a used key: that key may have made a booking, on any replica, and only
    /// Redis can judge it.
    ///
    /// A key that is unused now was also unused when Redis reported the sell-out: both facts held at that time.
    func knownRefusal(_ request: ClaimRequest) -> ClaimOutcome? {
        guard connection.isReady else { return nil }
        return soldOut.refusal(request, now: monotonicNanoseconds())
    }

    /// Refuses a claim of units of one tier before it is built: the most frequent claim in an on-sale.
    ///
    /// - Parameters:
    ///   - partition: the event's.
    ///   - now: when it arrived, monotonic nanoseconds.
    package func knownRefusal(
        of quantity: Int, tier: TierID, event: EventID, in partition: Partition, now: Int64
    ) -> ClaimOutcome? {
        guard connection.isReady, knownEpoch(partition) != nil else { return nil }
        return soldOut.refusal(of: quantity, tier: tier, event: event, now: now)
    }

    /// Whether a claim's key is certainly unused; read together with the other keys of this tick.
    ///
    /// - Parameters:
    ///   - key: the digest of the claim's key.
    ///   - then: called once, on the loop.
    package func isNew(_ key: Digest128, of event: EventID, then: @escaping (Bool) -> Void) {
        keyLookup.ask(key, of: event, then)
    }

    /// Checks whether none of these keys was used for an event, in a partition whose state has not changed since its
    /// epoch was read: the same check that a function makes, done after reading the keys.
    ///
    /// - Parameters:
    ///   - days: the days with keys when the event was last read; `nil` if it never was: then nothing is certain.
    ///   - answer: called once, with the result and the present days.
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

    /// A command that reads whether keys, by the first eight bytes of their digests, were used on a day.
    static func keyLookup(_ key: String, _ bits: [UInt64]) -> RedisCommand {
        var command = RedisCommand(argumentCount: 2 + bits.count)
        command.append("HMGET")
        command.append(key)
        for word in bits { command.append(word: word) }
        return command
    }
}
