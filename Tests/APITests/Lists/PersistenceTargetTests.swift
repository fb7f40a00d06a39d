import BoxOffice
import Records
import SeatInventory
import Testing

@testable import API

@Suite("Persistence target of a list")
struct PersistenceTargetTests {
    private let first = Partition(0)
    private let second = Partition(1)

    private func end(_ last: Int64, epoch: Int64 = 1) -> OutboxEnd {
        OutboxEnd(epoch: epoch, last: StreamID(milliseconds: last, sequence: 0))
    }

    private func cursor(_ last: Int64, epoch: Int64 = 1, overruled: Bool = false, dead: Bool = false) -> PartitionCursor
    {
        PartitionCursor(
            epoch: epoch, cursor: StreamID(milliseconds: last, sequence: 0), hasOverruled: overruled,
            hasDeadLetters: dead)
    }

    @Test("it is settled when every partition's cursor has reached its outbox's end, and is not asked again")
    func settles() {
        var target = PersistenceTarget([first, second])
        target.take([first: end(5), second: end(7)])
        #expect(target.unasked.isEmpty)
        target.take([first: cursor(5), second: cursor(6)])
        #expect(!target.isSettled && target.unsettled == [second])
        // Later entries are not waited for.
        target.take([second: end(9)])
        target.take([second: cursor(7)])
        #expect(target.isSettled && !target.hasOverruled && !target.hasDeadLetters)
    }

    @Test("a cursor alone settles nothing, nor does a partition that is not open")
    func needsBoth() {
        var target = PersistenceTarget([first, second])
        target.take([first: cursor(100), second: cursor(100)])
        #expect(target.unsettled.count == 2)
        target.take([first: end(5)])
        target.take([first: cursor(100), second: cursor(100)])
        #expect(target.unsettled == [second] && target.unasked == [second])
    }

    @Test("under another epoch Redis is asked again, whichever store is behind")
    func epochs() {
        for (redis, postgres) in [(Int64(1), Int64(2)), (2, 1)] {
            var target = PersistenceTarget([first])
            target.take([first: end(5, epoch: redis)])
            target.take([first: cursor(100, epoch: postgres)])
            #expect(!target.isSettled && target.unasked == [first])
            target.take([first: end(8, epoch: 2)])
            target.take([first: cursor(7, epoch: 2)])
            #expect(!target.isSettled && target.unasked.isEmpty)
            target.take([first: cursor(8, epoch: 2)])
            #expect(target.isSettled)
        }
    }

    @Test("refusals by PostgreSQL are reported")
    func refusals() {
        var target = PersistenceTarget([first, second])
        target.take([first: end(1), second: end(1)])
        target.take([first: cursor(1, overruled: true), second: cursor(1, dead: true)])
        #expect(target.isSettled && target.hasOverruled && target.hasDeadLetters)
    }
}
