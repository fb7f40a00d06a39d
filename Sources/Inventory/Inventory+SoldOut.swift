import Booking
import EventLoop
import RedisClient

extension Inventory {
    /// What a claim can be told without the script when too little is left: Redis said so a moment ago, and the claim's idempotency key, if it has one, has no record. A key with a record may be that of a booking, on
    /// whatever copy it was made, and is judged by the script.
    ///
    /// That no record exists now means that none did when Redis said that all was sold: both were true at that time.
    func sureRefusal(_ request: ClaimRequest) async -> ClaimOutcome? {
        guard connection.isReady, let refusal = soldOut.refusal(request, now: monotonicNanoseconds()) else {
            return nil
        }
        guard let idempotency = request.idempotency else { return refusal }
        return await keyLookup.isNew(idempotency.digest, keys.partition(of: request.event)) ? refusal : nil
    }

    /// Whether none of these keys has a record, in a partition that is still what it was when its epoch was read: what
    /// a script's guard would have found, read after the keys.
    func lookUp(_ partition: Partition, _ digests: [String], _ answer: @escaping (Bool) -> Void) {
        guard let epoch = knownEpoch(partition), let identity = connection.identity?.token else { return answer(false) }
        var exists = RedisCommand(argumentCount: 1 + digests.count)
        exists.append("EXISTS")
        for digest in digests { exists.append(keys.idempotency(partition, digest: digest)) }
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
