import BoxOffice
import Loops
import PlantedBugs
import PostgresClient
import Records
import RedisClient
import SeatInventory

/// What became of one piece of work on a partition.
enum Progress {
    /// It is done, and this is the row now.
    case done(PartitionRow)
    /// Somebody else was faster, or it is not sure what was committed: the row has to be read.
    case unsure
}

extension Reconciler {
    /// Partitions that are worked on at a time: while one commits, another is read. One connection is left for leases.
    private static let writers = 3
    /// Between two times that it is seen whose turn it is, at the longest: whoever has attended to a partition wakes it.
    private static let pauses = (usual: Duration.milliseconds(25), hearing: Duration.seconds(2))
    /// No shorter pause is worth a timer, nanoseconds.
    private static let leastPause: Int64 = 1_000_000

    /// Looks around for as long as the copy runs; what is found is attended to meanwhile.
    func keepPersisting() async {
        notices?.onChange = { [weak self] in self?.heard($0) }
        notices?.onGap = { [weak self] in
            guard let self else { return }
            sweepSoon()
            stir(Array(leased.keys))
        }
        while !isStopping {
            await lookAround()
            let next = leased.filter { !attended.contains($0.key) }.map(\.value.nextLook).min() ?? .max
            let left = Duration.nanoseconds(max(next - monotonicNanoseconds(), Self.leastPause))
            let longest = notices?.isHearing == true ? Self.pauses.hearing : Self.pauses.usual
            await rest(min(left, longest), as: .persisting)
        }
        while writers > 0 { await loop.sleep(for: .milliseconds(5)) }
    }

    /// The turn of these partitions is now.
    func stir(_ partitions: [Partition]) {
        let now = monotonicNanoseconds()
        for partition in partitions { leased[partition]?.stirred(now: now) }
        wake(.persisting)
    }

    /// Looks at the partitions that nobody attends to and whose turn it is.
    private func lookAround() async {
        let now = monotonicNanoseconds()
        let isHeard = notices?.isHearing == true
        let due = leased.filter { !attended.contains($0.key) && $0.value.isDue(now: now) }
        guard !due.isEmpty else { return }
        // Whoever is stirred from here on is looked at again.
        for partition in due.keys { leased[partition]?.found(false, now: now, isHeard: isHeard) }
        let looks = await work(of: await stirring(Array(due.keys), now: now))
        attended.formUnion(looks.map(\.row.partition))
        waiting += looks
        while writers < min(Self.writers, attended.count) {
            writers += 1
            loop.spawn { [self] in
                while !isStopping, let look = waiting.popFirst() { await stay(with: look) }
                writers -= 1
            }
        }
    }

    /// Attends to a partition, again and again while something is there and no other waits for it.
    private func stay(with look: Look) async {
        let partition = look.row.partition
        var look = look
        repeat {
            // Where others wait, it is their turn next.
            let ahead = waiting.isEmpty ? readAhead(of: look) : nil
            await attend(look)
            guard !isStopping, waiting.isEmpty, let state = leased[partition],
                state.notBefore <= monotonicNanoseconds(), let next = await following(state.row, ahead)
            else {
                _ = await ahead?.result()
                break
            }
            look = next
        } while true
        attended.remove(partition)
        leased[partition]?.found(true, now: monotonicNanoseconds())
        wake(.persisting)
    }

    /// Does what a look has found.
    func attend(_ look: Look) async {
        let partition = look.row.partition
        switch await progress(look) {
        case .done(let row):
            leased[partition]?.succeeded(row, lagsAfter: look.hasMore ? look.batch.count : nil)
        case .unsure:
            leased[partition]?.failed(now: monotonicNanoseconds())
            await reread(partition)
        }
    }

    private func progress(_ look: Look) async -> Progress {
        if look.needsRecovery { return await recover(look.row) }
        var progress = Progress.done(look.row)
        if look.acknowledged < look.row.cursor { progress = await acknowledgeMissed(look.row, from: look.acknowledged) }
        // What Redis could not be told holds up nothing.
        if !look.batch.isEmpty {
            progress = await persist(PartitionRow(look.row, lineage: look.row.epoch), look.batch)
        }
        return progress
    }

    /// Learns what is true, when it is not sure what was committed or by whom.
    private func reread(_ partition: Partition) async {
        do {
            guard let row = try await partitions.row(partition), row.owner == owner else {
                leased[partition] = nil
                return
            }
            leased[partition]?.row = row
        } catch {
            note(error.description)
        }
    }

    /// Writes a batch down, then has it acknowledged.
    ///
    /// - Parameter row: as it was read, with the lineage of the entries.
    func persist(_ row: PartitionRow, _ parsed: [Parsed]) async -> Progress {
        guard let cursor = parsed.last?.id else { return .unsure }
        do {
            let start = monotonicNanoseconds()
            if PlantedBug.current == .ackBeforeCommit {
                _ = await acknowledge(parsed.flatMap(\.transitions), row, from: row.cursor, entries: 0)
            }
            guard let written = try await write(parsed, row, cursor) else { return .unsure }
            report.entries += parsed.count
            measured(parsed, row.partition, since: start)
            log(written)
            trace(written, since: start)
            let next = PartitionRow(row, cursor: cursor)
            if written.contains(where: { $0.image.payment?.status == .refundDue }) { settleSoon() }
            await acknowledgeSoon(written, next, from: row.cursor, entries: parsed.count)
            return .done(next)
        } catch {
            note("\(error)")
            return .unsure
        }
    }
}
