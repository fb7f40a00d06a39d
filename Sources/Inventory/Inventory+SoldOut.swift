public import Booking
import EventLoop
import LuaLibrary
import RedisClient

extension Inventory {
    /// What a claim can be told without the script when too little is left: Redis said so a moment ago. One with an
    /// idempotency key also has to have no record of it: a key with a record may be that of a booking, on whatever copy it
    /// was made, and is judged by the script.
    ///
    /// That no record exists now means that none did when Redis said that all was sold: both were true at that time.
    func knownRefusal(_ request: ClaimRequest) -> ClaimOutcome? {
        guard connection.isReady else { return nil }
        return soldOut.refusal(request, now: monotonicNanoseconds())
    }

    /// The same of a claim of units of one tier that is not made yet: an on-sale is mostly these.
    public func knownRefusal(of quantity: Int, tier: TierID, event: EventID) -> ClaimOutcome? {
        guard connection.isReady, knownEpoch(keys.partition(of: event)) != nil else { return nil }
        return soldOut.refusal(of: quantity, tier: tier, event: event, now: monotonicNanoseconds())
    }

    /// Takes note of a claim that was refused by what is known, as of all others.
    ///
    /// - Parameters:
    ///   - trace: the request's trace context; asked for only when somebody is told it.
    ///   - start: when it came, monotonic nanoseconds.
    public func noteRefusal(_ outcome: ClaimOutcome, trace: @autoclosure () -> String, since start: Int64) {
        onClaim(.success(outcome))
        onScript?(functions.reserve.name, trace(), monotonicNanoseconds() - start, false)
    }

    /// Whether it is certain that a key has no record; asked with all others of this tick.
    ///
    /// - Parameters:
    ///   - digest: hexadecimal.
    ///   - then: called once, on the loop.
    public func isNew(_ digest: String, of event: EventID, then: @escaping (Bool) -> Void) {
        keyLookup.ask(digest, keys.partition(of: event), then)
    }

    /// Whether none of these keys has a record, in a partition that is still what it was when its epoch was read: what
    /// a script's guard would have found, read after the keys.
    func lookUp(_ partition: Partition, _ digests: [String], _ answer: @escaping (Bool) -> Void) {
        guard let epoch = knownEpoch(partition), let identity = connection.identity?.token else { return answer(false) }
        var exists = RedisCommand(argumentCount: 1 + digests.count)
        exists.append("EXISTS")
        let tag = keys.tag(partition)
        for digest in digests {
            exists.append(count: tag.utf8.count + 2 + digest.utf8.count) { bytes in
                bytes.append(contentsOf: tag.utf8)
                bytes.append(UInt8(ascii: "i"))
                bytes.append(UInt8(ascii: ":"))
                bytes.append(contentsOf: digest.utf8)
            }
        }
        var areNew = false
        connection.send(exists) { result in
            if case .success(let value) = result { areNew = value.integer == 0 }
        }
        let guarded = RedisCommand("HMGET", keys.meta(partition), "epoch", "identity", "state")
        connection.send(guarded) { result in
            guard case .success(let value) = result, let part = value.array, part.count == 3 else {
                return answer(false)
            }
            let isOpen = part[0].string == epoch && part[1].string == identity && part[2].string == "open"
            answer(areNew && isOpen)
        }
    }
}
