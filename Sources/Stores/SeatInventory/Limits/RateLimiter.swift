import BoxOffice
package import Loops
import LuaLibrary
package import RedisClient

/// Limits the requests of principals and addresses across all replicas, by the generic cell rate algorithm; one per
/// loop.
///
/// Redis's last answer for a subject is cached. As long as it leaves half of the quota, a request is admitted at once,
/// and counted in Redis within `countDelay`, together with all others in that time; so is a request of a principal that
/// is not cached yet, and of that principal's address, because in an on-sale most send only one. Nearer to the limit
/// Redis is asked first, and for addresses that are not cached. So the limit is exact for a sender that uses one loop
/// and comes near to it, a refusal from the cache costs Redis nothing, and the most that a sender gains by using all
/// loops of all replicas within the delay and a round trip is half a quota each. Lives on one loop; not `Sendable`.
package final class RateLimiter {
    /// Maximum number of subjects in one call, as in `lua/rate_limit.lua`.
    private static let batchLimit = 256
    /// How long an admitted request may wait to be counted: one call for many requests costs Redis much less than many
    /// calls.
    private static let countDelay = Duration.milliseconds(20)
    /// Maximum number of cached subjects; beyond it the cache is cleared.
    private static let subjectLimit = 20_000
    /// One slot of a cluster, used by no partition.
    private static let key = "usher:{rate}"

    /// The cached state of a subject; callers may keep a reference after the cache is cleared.
    final class Known {
        let subject: RateSubject
        /// Its name in the function's arguments.
        let name: [UInt8]
        /// When all admitted requests would have completed at the even rate (TAT); in Redis's clock, microseconds.
        var arrival: Int64 = 0
        /// When Redis last reported it, or it was set here, in our clock; `nil` before.
        var heard: Int64?
        /// Admitted requests that are not counted in Redis yet.
        var uncounted: UInt8 = 0

        init(_ subject: RateSubject) {
            self.subject = subject
            name = subject.bytes
        }

        /// Applies Redis's answer; more requests may have been admitted here meanwhile.
        func hears(_ arrival: Int64, _ clock: Int64) {
            self.arrival = max(arrival, self.arrival)
            heard = clock
        }
    }

    private typealias Asking = (known: Known, resume: (RateVerdict?) -> Void)

    package let limits: RateLimits
    private let loop: EventLoop
    let connection: RedisConnection
    private let limitBytes: [UInt8]
    /// The function that it calls.
    package static let function = Functions.shared.rateLimit
    private var subjects: [RateSubject: Known] = [:]
    /// Incremented when the cache is cleared.
    private(set) var generation = 1
    /// Admitted subjects to count.
    private var counting: [Known] = []
    private var asking: [Asking] = []
    private var timer: LoopTimer?
    /// Redis's clock minus ours, microseconds; `nil` until Redis has answered.
    private var offset: Int64?
    private var hook: TickHook?

    /// A limiter. On the loop's thread only.
    package init(loop: EventLoop, connection: RedisConnection, limits: RateLimits) {
        self.limits = limits
        limitBytes = limits.bytes
        self.loop = loop
        self.connection = connection
        hook = loop.atEndOfTick(.gather) { [weak self] in self?.flush() }
    }

    func limit(_ subject: RateSubject) -> RateLimit { subject.isAddress ? limits.address : limits.principal }

    /// Counts a request.
    ///
    /// - Returns: `nil` if Redis cannot be asked.
    package func judge(_ subject: RateSubject) async -> RateVerdict? {
        let known = known(subject)
        let clock = Self.clock
        let limit = limit(subject)
        let isHeard = known.heard.map { clock - $0 < limit.period } ?? false
        guard isHeard || subject.kind != .address && offset != nil else { return await ask(known) }
        let now = clock + (offset ?? 0)
        let used = isHeard ? max(0, known.arrival - now) : 0
        if used + limit.interval > limit.period {
            return RateVerdict(isAdmitted: false, remaining: 0, wait: used + limit.interval - limit.period)
        }
        guard used + limit.interval <= limit.period / 2 else { return await ask(known) }
        guard connection.isReady else { return nil }
        count(known, used + limit.interval, clock)
        return RateVerdict(
            isAdmitted: true, remaining: limit.remaining(used + limit.interval), wait: used + limit.interval)
    }

    /// How much of its period a subject has used with one more request; `nil` if Redis must be asked first.
    func usedAfter(_ known: Known, _ clock: Int64) -> Int64? {
        let limit = limit(known.subject)
        let isHeard = known.heard.map { clock - $0 < limit.period } ?? false
        guard isHeard || known.subject.kind != .address && offset != nil else { return nil }
        let used = (isHeard ? max(0, known.arrival - clock - (offset ?? 0)) : 0) + limit.interval
        return used <= limit.period / 2 ? used : nil
    }

    /// Admits a request, which is counted in Redis a little later.
    func count(_ known: Known, _ used: Int64, _ clock: Int64) {
        known.arrival = clock + (offset ?? 0) + used
        if known.heard.map({ clock - $0 >= limit(known.subject).period }) ?? true { known.heard = clock }
        // A call counts a subject once, for all of its requests in the meantime.
        if known.uncounted == .max { leave() }
        if known.uncounted == 0 { counting.append(known) }
        known.uncounted += 1
    }

    func known(_ subject: RateSubject) -> Known {
        if let known = subjects[subject] { return known }
        if subjects.count >= Self.subjectLimit {
            // Send pending counts first, so that a subject does not occur twice in one call, under two objects.
            leave()
            subjects.removeAll(keepingCapacity: true)
            generation += 1
        }
        let new = Known(subject)
        subjects[subject] = new
        return new
    }

    static var clock: Int64 { monotonicNanoseconds() / 1000 }

    private func ask(_ known: Known) async -> RateVerdict? {
        guard connection.isReady else { return nil }
        let start = monotonicNanoseconds()
        let verdict = await withUnsafeContinuation { continuation in
            asking.append((known, { continuation.resume(returning: $0) }))
        }
        // One call checks many requests; each of them has waited for it.
        if let onScript = connection.onScript, let cause = ScriptCause.record {
            onScript(Self.function.name, cause, monotonicNanoseconds() - start, verdict == nil)
        }
        return verdict
    }

    // MARK: - Calls of Redis

    /// Checks are sent at the end of the tick, together with pending counts; counts alone are sent a moment later.
    private func flush() {
        if !asking.isEmpty || counting.count >= Self.batchLimit {
            leave()
        } else if !counting.isEmpty, timer == nil {
            timer = try? LoopTimer(loop: loop, after: Self.countDelay, repeats: false) { [weak self] in self?.leave() }
            // Out of memory for a timer.
            if timer == nil { leave() }
        }
    }

    private func leave() {
        timer = nil
        var (counted, asked) = (counting[...], asking[...])
        counting.removeAll(keepingCapacity: true)
        asking.removeAll(keepingCapacity: true)
        while !counted.isEmpty || !asked.isEmpty {
            let some = counted.prefix(Self.batchLimit)
            let others = asked.prefix(Self.batchLimit - some.count)
            counted = counted.dropFirst(some.count)
            asked = asked.dropFirst(others.count)
            send(counting: some, asking: others)
        }
    }

    private func send(counting: ArraySlice<Known>, asking: ArraySlice<Asking>) {
        // The order does not matter: each subject is counted once.
        var all = Array(counting)
        let counted = (principals: all.partition(by: \.subject.isAddress), all: all)
        let asked = Self.principalsFirst(asking, \.known.subject.isAddress)
        var requests: [UInt8] = []
        requests.reserveCapacity(8 + 32 * (counting.count + asking.count))
        for count in [counted.principals, counted.all.count - counted.principals] { requests.append(count, width: 2) }
        for count in [asked.principals, asked.all.count - asked.principals] { requests.append(count, width: 2) }
        for known in counted.all {
            requests.append(known.uncounted)
            known.name.withUnsafeBufferPointer { requests.append(contentsOf: $0) }
            known.uncounted = 0
        }
        for item in asked.all {
            requests.append(1)
            requests += item.known.name
        }
        var call = RedisFunctionCall(Self.function, keyCount: 1, argumentCount: 2)
        call.append(Self.key)
        call.append(limitBytes)
        call.append(requests)
        connection.call(call) { [weak self] result in
            guard let self, case .success(let value) = result, let reply = value.bytes else {
                for item in asked.all { item.resume(nil) }
                return
            }
            answered(counted.all, asked.all, reply)
        }
    }

    /// Sorts principals first, and returns their number.
    private static func principalsFirst<Item>(
        _ items: ArraySlice<Item>, _ isAddress: (Item) -> Bool
    ) -> (all: [Item], principals: Int) {
        // The usual case: only principals.
        guard items.contains(where: isAddress) else { return (Array(items), items.count) }
        let principals = items.filter { !isAddress($0) }
        return (principals + items.filter(isAddress), principals.count)
    }

    /// The first bit of a request's number: it is refused.
    private static let refused: Int64 = 1 << 55

    private func answered(_ counted: [Known], _ asked: [Asking], _ reply: [UInt8]) {
        var numbers = ByteReader(reply[...])
        let clock = Self.clock
        let now = numbers.long(7)
        offset = now - clock
        for known in counted {
            let arrival = numbers.long(7)
            if numbers.isSound { known.hears(arrival, clock) }
        }
        for (known, resume) in asked {
            let number = numbers.long(7)
            guard numbers.isSound else {
                resume(nil)
                continue
            }
            let arrival = number & ~Self.refused
            known.hears(arrival, clock)
            resume(verdict(known.subject, used: arrival - now, isAdmitted: number == arrival))
        }
    }

    private func verdict(_ subject: RateSubject, used: Int64, isAdmitted: Bool) -> RateVerdict {
        let limit = limit(subject)
        return isAdmitted
            ? RateVerdict(isAdmitted: true, remaining: limit.remaining(used), wait: used)
            : RateVerdict(isAdmitted: false, remaining: 0, wait: used + limit.interval - limit.period)
    }
}
