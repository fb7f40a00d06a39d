import RedisClient

/// A sender of requests with its cached limiter state, kept by a caller that handles many of its requests, so that each
/// request needs no look-up. Lives on the limiter's loop.
package final class RateSender {
    package let kind: RateSubject.Kind
    /// The principal or the address.
    package let name: String
    /// The generation of the limiter's cache when these were looked up.
    var generation = 0
    var reads: RateLimiter.Known?
    var writes: RateLimiter.Known?

    /// A sender that was not looked up yet.
    package init(_ kind: RateSubject.Kind, _ name: String) {
        self.kind = kind
        self.name = name
    }
}

extension RateLimiter {
    /// Counts a principal's request from an address, if neither is near its limit and Redis need not be asked.
    ///
    /// - Parameter now: when it arrived, monotonic nanoseconds.
    /// - Returns: the principal's verdict; `nil` if nothing was counted and `judge` must be called.
    package func judgeNow(
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
        // The look-up may have cleared the cache.
        sender.generation = generation
        if isWrite { sender.writes = found } else { sender.reads = found }
        return found
    }
}
