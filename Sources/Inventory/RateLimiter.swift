import Booking
public import EventLoop
public import RedisClient

/// Counts the requests of principals and addresses over all copies, by the generic cell rate algorithm; one per loop.
///
/// What Redis said last of a subject is kept. As long as that leaves half of the quota, a request goes on at once, and
/// is counted in Redis within `countDelay`, with all others that came meanwhile; so does a principal who is not known yet,
/// for in an on-sale most come once. Nearer to the bound Redis is asked first, and for addresses that are not known. So
/// the bound is exact for whoever comes near to it from one place, a refusal for what
/// is known to be used up costs Redis nothing, and the worst that somebody wins by coming to all loops of all copies
/// within the delay and a round trip is half a quota each. Lives on one loop; not `Sendable`.
public final class RateLimiter {
    /// Most subjects of one script call, as `lua/rate_limit.lua` has it.
    private static let batchLimit = 256
    /// How long a request that went on may wait to be counted: a call for many costs Redis much less than many calls.
    private static let countDelay = Duration.milliseconds(20)
    /// Subjects that are remembered; when there are more it is begun anew.
    private static let subjectLimit = 20_000
    /// One slot of a cluster, and no partition's.
    private static let key = "usher:{rate}"

    private struct Known {
        /// In Redis's clock, microseconds.
        var arrival: Int64
        /// When Redis last said so, in ours.
        var heard: Int64
    }

    private typealias Asking = (subject: RateSubject, resume: (RateVerdict?) -> Void)

    /// The limits.
    public let limits: RateLimits
    private let loop: EventLoop
    private let connection: RedisConnection
    /// What it asks Redis by.
    public static let script = Scripts.shared.rateLimit
    private var known: [RateSubject: Known] = [:]
    /// What went on already, and will be counted.
    private var counting: [RateSubject] = []
    private var asking: [Asking] = []
    private var timer: LoopTimer?
    /// Redis's clock less ours, microseconds; nil until Redis has answered.
    private var offset: Int64?
    private var hook: TickHook?

    /// A limiter. On the loop's thread only.
    public init(loop: EventLoop, connection: RedisConnection, limits: RateLimits) {
        self.limits = limits
        self.loop = loop
        self.connection = connection
        hook = loop.atEndOfTick(.gather) { [weak self] in self?.flush() }
    }

    /// The limit of a subject.
    private func limit(_ subject: RateSubject) -> RateLimit { subject.isAddress ? limits.address : limits.principal }

    /// Counts a request.
    ///
    /// - Returns: `nil` when Redis cannot be asked.
    public func judge(_ subject: RateSubject) async -> RateVerdict? {
        let clock = Self.clock
        let limit = limit(subject)
        let entry = known[subject].flatMap { clock - $0.heard < limit.period ? $0 : nil }
        guard entry != nil || !subject.isAddress && offset != nil else { return await ask(subject) }
        let now = clock + (offset ?? 0)
        let used = max(0, (entry?.arrival ?? 0) - now)
        if used + limit.interval > limit.period {
            return RateVerdict(isAdmitted: false, remaining: 0, wait: used + limit.interval - limit.period)
        }
        guard used + limit.interval <= limit.period / 2 else { return await ask(subject) }
        guard connection.isReady else { return nil }
        known[subject] = Known(arrival: now + used + limit.interval, heard: entry?.heard ?? clock)
        counting.append(subject)
        return RateVerdict(
            isAdmitted: true, remaining: limit.remaining(used + limit.interval), wait: used + limit.interval)
    }

    private static var clock: Int64 { monotonicNanoseconds() / 1000 }

    private func ask(_ subject: RateSubject) async -> RateVerdict? {
        guard connection.isReady else { return nil }
        let start = monotonicNanoseconds()
        let verdict = await withUnsafeContinuation { continuation in
            asking.append((subject, { continuation.resume(returning: $0) }))
        }
        // One call judges many; each of them has waited for it.
        if let onScript = connection.onScript, let cause = ScriptCause.record {
            onScript(Self.script.name, cause, monotonicNanoseconds() - start, verdict == nil)
        }
        return verdict
    }

    // MARK: - Talking to Redis

    /// What is asked leaves at the end of the tick, and what is to be counted with it; else a moment later.
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
        let (counted, asked) = (counting, asking)
        counting.removeAll(keepingCapacity: true)
        asking.removeAll(keepingCapacity: true)
        for start in stride(from: 0, to: counted.count, by: Self.batchLimit) {
            send(counting: counted[start..<min(start + Self.batchLimit, counted.count)], asking: [])
        }
        for start in stride(from: 0, to: asked.count, by: Self.batchLimit) {
            send(counting: [], asking: asked[start..<min(start + Self.batchLimit, asked.count)])
        }
    }

    private func send(counting: ArraySlice<RateSubject>, asking: ArraySlice<Asking>) {
        let counted = Self.principalsFirst(counting, \.isAddress)
        let asked = Self.principalsFirst(asking, \.subject.isAddress)
        var call = RedisScriptCall(Self.script, keyCount: 1, argumentCount: 9 + counting.count + asking.count)
        call.append(Self.key)
        call.append(max(limits.principal.period, limits.address.period))
        for limit in [limits.principal, limits.address] {
            call.append(limit.interval)
            call.append(limit.period)
        }
        for count in [counted.principals, counted.all.count - counted.principals] { call.append(count) }
        for count in [asked.principals, asked.all.count - asked.principals] { call.append(count) }
        for subject in counted.all { call.append(subject.text) }
        for item in asked.all { call.append(item.subject.text) }
        connection.evaluate(call) { [weak self] result in
            guard let self, case .success(let value) = result, let text = value.bytes else {
                for item in asked.all { item.resume(nil) }
                return
            }
            answered(counted.all, asked.all, text[...])
        }
    }

    /// The same, those of principals first, and how many those are.
    private static func principalsFirst<Item>(
        _ items: ArraySlice<Item>, _ isAddress: (Item) -> Bool
    ) -> (all: [Item], principals: Int) {
        let principals = items.filter { !isAddress($0) }
        return (principals + items.filter(isAddress), principals.count)
    }

    private func answered(_ counted: [RateSubject], _ asked: [Asking], _ text: ArraySlice<UInt8>) {
        var numbers = FieldReader(text, separator: " ")
        let clock = Self.clock
        let now = numbers.integer(Int64.self) ?? 0
        offset = now - clock
        if known.count >= Self.subjectLimit { known.removeAll(keepingCapacity: true) }
        for subject in counted {
            if let arrival = numbers.integer(Int64.self) { heard(subject, arrival, clock) }
        }
        for (subject, resume) in asked {
            guard let arrival = numbers.integer(Int64.self) else {
                resume(nil)
                continue
            }
            heard(subject, abs(arrival), clock)
            resume(verdict(subject, used: abs(arrival) - now, isAdmitted: arrival > 0))
        }
    }

    /// Takes notice of what Redis says of a subject; meanwhile more may have gone on from here.
    private func heard(_ subject: RateSubject, _ arrival: Int64, _ clock: Int64) {
        let latest = max(arrival, known[subject]?.arrival ?? 0)
        known[subject] = Known(arrival: latest, heard: clock)
    }

    private func verdict(_ subject: RateSubject, used: Int64, isAdmitted: Bool) -> RateVerdict {
        let limit = limit(subject)
        return isAdmitted
            ? RateVerdict(isAdmitted: true, remaining: limit.remaining(used), wait: used)
            : RateVerdict(isAdmitted: false, remaining: 0, wait: used + limit.interval - limit.period)
    }
}
