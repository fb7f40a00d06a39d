public import EventLoop
public import RedisClient

/// Counts the requests of principals and addresses over all copies, by the generic cell rate algorithm; one per loop.
///
/// What Redis said last of a subject is kept. As long as that leaves half of the quota, a request goes on at once, and
/// is counted in Redis by what is sent at the end of the tick anyway; nearer to the bound, and of whoever is not known,
/// Redis is asked first. So the bound is exact for whoever comes near to it from one place, a refusal for what is known
/// to be used up costs Redis nothing, and the worst that somebody wins by coming to all loops of all copies within one
/// round trip is half a quota each. Lives on one loop; not `Sendable`.
public final class RateLimiter {
    /// Most subjects of one script call, as `lua/rate_limit.lua` has it.
    private static let batchLimit = 256
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

    private struct Waiting {
        let subject: RateSubject
        /// Nil for what goes on already.
        let resume: ((RateVerdict?) -> Void)?
    }

    /// The limits.
    public let limits: RateLimits
    private let connection: RedisConnection
    /// What it asks Redis by.
    public static let script = Scripts.shared.rateLimit
    private var known: [RateSubject: Known] = [:]
    private var waiting: [Waiting] = []
    /// Redis's clock less ours, microseconds.
    private var offset: Int64 = 0
    private var hook: TickHook?

    /// A limiter. On the loop's thread only.
    public init(loop: EventLoop, connection: RedisConnection, limits: RateLimits) {
        self.limits = limits
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
        guard let entry = known[subject], clock - entry.heard < limit.period else { return await ask(subject) }
        let now = clock + offset
        let used = max(0, entry.arrival - now)
        if used + limit.interval > limit.period {
            return RateVerdict(isAdmitted: false, remaining: 0, wait: used + limit.interval - limit.period)
        }
        guard used + limit.interval <= limit.period / 2 else { return await ask(subject) }
        guard connection.isReady else { return nil }
        known[subject]?.arrival = max(entry.arrival, now) + limit.interval
        waiting.append(Waiting(subject: subject, resume: nil))
        return RateVerdict(
            isAdmitted: true, remaining: limit.remaining(used + limit.interval), wait: used + limit.interval)
    }

    private static var clock: Int64 { monotonicNanoseconds() / 1000 }

    private func ask(_ subject: RateSubject) async -> RateVerdict? {
        guard connection.isReady else { return nil }
        let start = monotonicNanoseconds()
        let verdict = await withUnsafeContinuation { continuation in
            waiting.append(Waiting(subject: subject) { continuation.resume(returning: $0) })
        }
        // One call judges many; each of them has waited for it.
        if let onScript = connection.onScript, let cause = ScriptCause.record {
            onScript(Self.script.name, cause, monotonicNanoseconds() - start, verdict == nil)
        }
        return verdict
    }

    // MARK: - Talking to Redis

    private func flush() {
        guard !waiting.isEmpty else { return }
        let all = waiting
        waiting.removeAll(keepingCapacity: true)
        for start in stride(from: 0, to: all.count, by: Self.batchLimit) {
            send(all[start..<min(start + Self.batchLimit, all.count)])
        }
    }

    private func send(_ batch: ArraySlice<Waiting>) {
        var call = RedisScriptCall(Self.script, keyCount: 1, argumentCount: 5 + batch.count)
        call.append(Self.key)
        call.append(max(limits.principal.period, limits.address.period))
        for limit in [limits.principal, limits.address] {
            call.append(limit.interval)
            call.append(limit.period)
        }
        for item in batch { call.append(item.subject.text(isAsked: item.resume != nil)) }
        connection.evaluate(call) { [weak self] result in
            guard let self, case .success(let value) = result, let text = value.string else {
                for item in batch { item.resume?(nil) }
                return
            }
            answered(batch, text)
        }
    }

    private func answered(_ batch: ArraySlice<Waiting>, _ text: String) {
        var numbers = text.split(separator: " ").lazy.map { Int64($0) }.makeIterator()
        let clock = Self.clock
        let now = numbers.next().flatMap(\.self) ?? 0
        offset = now - clock
        if known.count >= Self.subjectLimit { known.removeAll(keepingCapacity: true) }
        for item in batch {
            guard let arrival = numbers.next().flatMap(\.self) else {
                item.resume?(nil)
                continue
            }
            // Meanwhile more may have gone on from here.
            let latest = max(arrival.magnitude.asInt64, known[item.subject]?.arrival ?? 0)
            known[item.subject] = Known(arrival: latest, heard: clock)
            item.resume?(verdict(item.subject, used: arrival.magnitude.asInt64 - now, isAdmitted: arrival > 0))
        }
    }

    private func verdict(_ subject: RateSubject, used: Int64, isAdmitted: Bool) -> RateVerdict {
        let limit = limit(subject)
        return isAdmitted
            ? RateVerdict(isAdmitted: true, remaining: limit.remaining(used), wait: used)
            : RateVerdict(isAdmitted: false, remaining: 0, wait: used + limit.interval - limit.period)
    }
}

extension UInt64 {
    fileprivate var asInt64: Int64 { Int64(truncatingIfNeeded: self) }
}
