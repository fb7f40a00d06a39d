import RedisClient

/// Whoever sends requests, as its limiter knows it: kept by whoever sees many of its requests, so that it need not be looked
/// up for each. Lives on the limiter's loop.
public final class RateSender {
    /// What is counted.
    public let kind: RateSubject.Kind
    /// The principal or the address.
    public let name: String
    /// Of the limiter's memory when these were looked up.
    var generation = 0
    var reads: RateLimiter.Known?
    var writes: RateLimiter.Known?

    /// A sender that was not looked up yet.
    public init(_ kind: RateSubject.Kind, _ name: String) {
        self.kind = kind
        self.name = name
    }
}

extension RateLimiter {
    /// Counts a request of a principal from an address, when neither is near its bound and Redis need not be asked.
    ///
    /// - Parameter now: when it came, monotonic nanoseconds.
    /// - Returns: the principal's verdict; `nil`, and nothing is counted, when `judge` has to be asked.
    public func judgeNow(
        _ principal: RateSender, from address: RateSender, isWrite: Bool, now: Int64
    ) -> RateVerdict? {
        guard connection.isReady else { return nil }
        let clock = now / 1000
        let one = known(principal, isWrite)
        let other = known(address, isWrite)
        guard let used = usedAfter(one, clock), let ofAddress = usedAfter(other, clock) else { return nil }
        count(one, used, clock)
        count(other, ofAddress, clock)
        return RateVerdict(isAdmitted: true, remaining: limit(one.subject).remaining(used), wait: used)
    }

    private func known(_ sender: RateSender, _ isWrite: Bool) -> Known {
        if sender.generation != generation {
            sender.generation = generation
            sender.reads = nil
            sender.writes = nil
        }
        if let known = isWrite ? sender.writes : sender.reads { return known }
        let found = known(RateSubject(isWrite: isWrite, sender.kind, name: sender.name))
        // Looking it up may have begun another memory.
        sender.generation = generation
        if isWrite { sender.writes = found } else { sender.reads = found }
        return found
    }
}
