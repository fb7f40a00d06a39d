import BoxOffice
import Loops
import Records

/// A look at what comes after a batch, made while that is written down.
final class ReadAhead {
    private var look: Look?
    private var isThere = false
    private var waiting: UnsafeContinuation<Look?, Never>?

    /// What was seen; `nil` when nothing could be.
    func result() async -> Look? {
        // Looked at inside, where nothing comes in between: to wait may itself let other jobs of the loop go first.
        await withUnsafeContinuation { continuation in
            if isThere { continuation.resume(returning: look) } else { waiting = continuation }
        }
    }

    fileprivate func arrived(_ look: Look?) {
        self.look = look
        isThere = true
        waiting?.resume(returning: look)
        waiting = nil
    }
}

extension Look {
    /// A look that was made before what precedes it was written down; the row is as it is since.
    fileprivate init(ahead look: Look, row: PartitionRow) {
        self.init(
            row: row, batch: look.batch, hasMore: look.hasMore, needsRecovery: false, acknowledged: row.cursor)
    }
}

/// Reading ahead of a batch uses the time that PostgreSQL takes for it (ADR 17).
extension Reconciler {
    /// Begins to look at what follows when there is more than this look's batch. A batch that was all there was is followed
    /// by what comes meanwhile, and that is looked for when it is done.
    func readAhead(of look: Look) -> ReadAhead? {
        guard look.hasMore, let last = look.batch.last else { return nil }
        let ahead = ReadAhead()
        let row = PartitionRow(look.row, cursor: last.id)
        loop.spawn { [self] in ahead.arrived(try? await self.look([row]).first) }
        return ahead
    }

    /// The look that follows on a batch, if there is anything to do.
    func following(_ row: PartitionRow, _ ahead: ReadAhead?) async -> Look? {
        // Whoever has moved the cursor or raised the epoch since is found out by the commit, as for any batch.
        if let look = await ahead?.result(), look.row.cursor == row.cursor, look.row.epoch == row.epoch,
            !look.batch.isEmpty, leased[row.partition]?.isUntold == false
        {
            return Look(ahead: look, row: row)
        }
        leased[row.partition]?.isUntold = false
        return await work(of: [row]).first
    }
}
