import BoxOffice
import Glibc
import Logging
import Loops
import Metrics
import PostgresClient
import Records
import RedisClient
import SeatInventory
import Tracing

/// How far an outbox was written down, to tell how many entries lag without reading them.
struct OutboxMeasures {
    /// Of a partition: how many entries its stream had seen in all when none lagged, and how many this copy has written
    /// down since.
    struct Mark {
        var added: Int
        var written = 0
        /// How far it was when none lagged; until it has moved the stream has seen no more.
        var cursor = StreamID.zero
    }
    var marks: [Partition: Mark] = [:]
    /// Samples so far.
    var count = 0
}

extension Reconciler {
    /// Every so many samples PostgreSQL is asked too: these numbers change slowly.
    private static let slowly = 10

    /// Tells how far this copy is.
    func measure() async {
        let metrics = ReconcileMetrics.shared
        metrics.entries[].set(report.entries)
        metrics.expired[].set(report.expired)
        metrics.recoveries[].set(report.recoveries)
        metrics.deadLetters[].set(report.deadLetters)
        metrics.verdicts[].set(report.verdicts)
        metrics.refunds["made"].set(report.refunds)
        metrics.refunds["refused"].set(report.refusedRefunds)
        metrics.partitions[].set(leased.count)
        metrics.epoch.reset()
        for (partition, state) in leased { metrics.epoch[String(partition.number)].set(Int(state.row.epoch)) }
        await measureLag()
        if measures.count.isMultiple(of: Self.slowly) { await measureRows() }
        measures.count += 1
    }

    private func measureLag() async {
        // Those that are at rest had nothing that lags when they were last measured, and were not heard of since.
        let rows = leased.values.filter { !$0.isAtRest || measures.marks[$0.row.partition]?.cursor != $0.row.cursor }
            .map(\.row)
        measures.marks = measures.marks.filter { leased[$0.key] != nil }
        let firsts = await answers(
            rows.map { ["XRANGE", inventory.keys.outbox($0.partition), "(\($0.cursor)", "+", "COUNT", "1"] })
        // Of those that are as they were, nothing has to be asked.
        let stirred = zip(rows, firsts).filter { row, reply in
            reply.array?.isEmpty == false || measures.marks[row.partition]?.cursor != row.cursor
        }
        let streams = await answers(stirred.map { ["XINFO", "STREAM", inventory.keys.outbox($0.0.partition)] })
        var entries = 0
        var oldest = Int64.max
        for ((row, reply), stream) in zip(stirred, streams) {
            let added = Self.added(stream)
            // The cursor may have moved since the command was made; then this sample errs by a batch.
            guard let first = reply.array?.first else {
                measures.marks[row.partition] = OutboxMeasures.Mark(added: added.all, cursor: row.cursor)
                continue
            }
            if case .success(let entry)? = OutboxEntry.parse(first) { oldest = min(oldest, entry.at) }
            // Until none lagged once, all that are kept may.
            let lag = measures.marks[row.partition].map { added.all - $0.added - $0.written } ?? added.kept
            entries += min(max(1, lag), added.kept)
        }
        ReconcileMetrics.shared.lagEntries[].set(entries)
        ReconcileMetrics.shared.lagTime[].set(
            oldest == .max ? 0 : Int(Self.nanoseconds(since: oldest)))
    }

    /// How many entries a stream has seen, and how many it keeps, as XINFO STREAM tells.
    private static func added(_ reply: RedisValue) -> (all: Int, kept: Int) {
        let parts = reply.array ?? []
        var found: [String: Int] = [:]
        for index in stride(from: 0, to: parts.count - 1, by: 2) {
            if let name = parts[index].string, let number = parts[index + 1].integer { found[name] = Int(number) }
        }
        let kept = found["length"] ?? 0
        return (found["entries-added"] ?? kept, kept)
    }

    /// The answers that come; what fails is measured the next time.
    private func answers(_ commands: [[String]]) async -> [RedisValue] {
        await inventory.results(of: commands).map { (try? $0.get()) ?? .null }
    }

    private func measureRows() async {
        guard let open = try? await bookings.open() else { return }
        let metrics = ReconcileMetrics.shared
        metrics.payments["PENDING"].set(open.pending)
        metrics.payments["REFUND_DUE"].set(open.refundDue)
        metrics.deadLettersOpen[].set(open.deadLetters)
    }

    /// Notes what became of a batch.
    func measured(_ entries: [Parsed], _ partition: Partition, since start: Int64) {
        let metrics = ReconcileMetrics.shared
        metrics.batchTime[].observe(monotonicNanoseconds() - start)
        metrics.batchSize[].observe(entries.count)
        measures.marks[partition]?.written += entries.count
        guard case .entry(let entry)? = entries.last else { return }
        metrics.persistDelay[].observe(Self.nanoseconds(since: entry.at))
    }

    /// Tells of each transition by which request it was caused.
    func log(_ written: [OutboxEntry.Transition]) {
        guard Log.tells(.info) else { return }
        for transition in written {
            guard let traceparent = transition.traceparent else { continue }
            Log.info("written down") { line in
                line.add("requestId", transition.requestID)
                line.add("traceId", TraceContext.traceID(in: traceparent))
                line.add("bookingId", transition.booking.description)
                line.add("status", transition.image.status.rawValue)
                line.add("version", transition.image.version)
            }
        }
    }

    /// Each transition's part of a batch, in the trace of the request that caused it.
    func trace(_ written: [OutboxEntry.Transition], since start: Int64) {
        guard Tracer.shared.isOn else { return }
        let duration = monotonicNanoseconds() - start
        for transition in written {
            guard let caller = transition.traceparent.flatMap({ TraceContext(traceparent: $0) }) else { continue }
            Tracer.shared.record(
                Span(
                    "persist", .consumer, caller.child(), parent: caller.spanID, lasting: duration,
                    [
                        ("usher.booking_id", .text(transition.booking.description)),
                        ("usher.status", .text(transition.image.status.rawValue)),
                        ("usher.version", .number(transition.image.version)),
                        ("usher.batch_size", .number(Int64(written.count))),
                    ]))
        }
    }

    /// How long ago a moment of Redis's clock was, at most a year; an entry may say anything.
    private static func nanoseconds(since milliseconds: Int64) -> Int64 {
        let now = wallMilliseconds()
        let year: Int64 = 31_536_000_000
        return (now - min(max(milliseconds, now - year), now)) * 1_000_000
    }

    /// Unix milliseconds of this machine, which may differ a little from Redis's.
    private static func wallMilliseconds() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }
}
