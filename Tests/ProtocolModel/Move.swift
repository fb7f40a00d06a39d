/// One step of one actor.
struct Move {
    enum Kind: UInt8 {
        case connects, claims, claimsTogether, replaces, repeats, confirms, cancels, expires, reads, putsBack
        case begins, recorded, charged, declined, givesUp, dies, tells, asksPaid, asksUnpaid, hears
        case syncs, restarts, loses, flushes, promotes, failsBack, deletes, breaks, retires
        case copyConnects, takesOver, learns, looks, commits, trims, overrules, recovers, isKilled
    }

    let kind: Kind
    /// The process that acts.
    var actor = 0
    /// The booking or the server, or the phase that the step ends.
    var object = 0
    /// Whether the step was refused and changed nothing.
    var isRefused = false

    func words(_ state: State) -> String {
        isRefused ? text(state) + ": refused" : text(state)
    }

    private func text(_ state: State) -> String {
        let booking = "b\(object)"
        switch kind {
        case .connects: return "API \(actor) learns the identity of Redis \(object)"
        case .claims: return "\(booking) is claimed" + made(state)
        case .claimsTogether: return "b0 and b2 are claimed in one call" + made(state)
        case .replaces: return "b0 expires and b1 is claimed in one call" + made(state)
        case .repeats: return "b0's claim is repeated with its key, and makes \(booking)" + made(state)
        case .confirms: return "\(booking) is confirmed" + made(state)
        case .cancels: return "\(booking) is cancelled by its owner" + made(state)
        case .expires: return "\(booking) lapses" + made(state)
        case .reads: return "API \(actor) reads \(booking), which left Redis, from PostgreSQL"
        case .putsBack: return "API \(actor) puts \(booking) back into Redis" + made(state)
        case .begins: return "a payment of \(booking) begins" + made(state)
        case .recorded: return "the attempt of \(booking) is recorded"
        case .charged: return "the provider captures the payment of \(booking)"
        case .declined: return "the provider declines the charge of \(booking)" + made(state)
        case .givesUp: return "the attempt of \(booking) was not recorded in time" + made(state)
        case .dies: return "the API copy that pays \(booking) dies"
        case .tells: return "\(booking) receives the outcome of its charge" + made(state)
        case .asksPaid: return "settlement learns that \(booking) was paid" + made(state)
        case .asksUnpaid: return "settlement learns that \(booking) was not charged" + made(state)
        case .hears: return "the customer of \(booking) receives `persisted: true`"
        case .syncs: return "the replica (or the disk) catches up"
        case .restarts: return "FAULT: Redis restarts with all data"
        case .loses: return "FAULT: Redis restarts from an earlier moment"
        case .flushes: return "FAULT: FLUSHALL on Redis \(object)"
        case .promotes: return "FAULT: the lagging replica is promoted; the old primary serves on"
        case .failsBack: return "FAULT: fail-back to the old primary, with the data of the lagging replica"
        case .deletes: return "FAULT: the outbox is deleted"
        case .breaks: return "FAULT: a claim of b0 fails half-way, after its entry"
        case .retires: return "the old primary dies"
        case .copyConnects: return "reconciler \(actor) learns the identity of Redis \(object)"
        case .takesOver: return "reconciler \(actor) takes over the lease"
        case .learns: return "reconciler \(actor) learns that it has no lease"
        case .looks: return "reconciler \(actor) looks" + found(state)
        case .commits: return "reconciler \(actor) commits its batch (cursor \(state.ledger.cursor))"
        case .trims: return "reconciler \(actor) trims the outbox"
        case .overrules: return "reconciler \(actor) overrules \(booking) and has the partition recovered"
        case .isKilled: return "FAULT: reconciler \(actor) is killed"
        case .recovers: return "reconciler \(actor), recovering, " + step(state)
        }
    }

    private func made(_ state: State) -> String {
        for index in 0..<2 where state.servers[index].isPrimary {
            let data = state.servers[index].data
            let record = data.records[object]
            guard index == actor else { continue }
            return " on Redis \(index): v\(record.image.version), entry \(data.lastID), epoch \(data.epoch)"
        }
        return ""
    }

    private func found(_ state: State) -> String {
        let copy = state.copies[actor]
        guard copy.phase == .writing else { return ": this Redis needs a recovery" }
        let list = copy.batch.list
        return ": entries \(list[0].id) to \(list[Int(copy.batch.count) - 1].id)"
    }

    private func step(_ state: State) -> String {
        switch Copy.Phase(rawValue: UInt8(object)) {
        case .raising: "raises the epoch to \(state.ledger.epoch)"
        case .closing: "closes the partition"
        case .tail: "reads the tail"
        case .writingTail: "commits the tail (cursor \(state.ledger.cursor))"
        case .passingTail: "skips the tail"
        case .salvaging: "reads the records"
        case .writingSalvage: "commits what only records have"
        case .reading: "reads PostgreSQL"
        case .loadingEvent: "loads the event"
        case .loadingHolds: "loads the holds"
        case .opening: "opens the partition"
        default: "goes on"
        }
    }
}
