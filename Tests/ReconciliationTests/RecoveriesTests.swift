import Testing

@testable import Reconciliation

@Suite("Recoveries logged in one line")
struct RecoveriesTests {
    @Test("those that run at the same time, or wait for their turn, are logged when the last one ends")
    func together() {
        var recoveries = Recoveries()
        recoveries.begin(now: 100)
        recoveries.begin(now: 110)
        recoveries.done += 1
        #expect(recoveries.end(now: 200, more: false) == nil)
        recoveries.done += 1
        #expect(recoveries.end(now: 250, more: true) == nil)
        recoveries.begin(now: 260)
        recoveries.done += 1
        let ended = recoveries.end(now: 300, more: false)
        #expect(ended?.count == 3 && ended?.nanoseconds == 200)
        recoveries.begin(now: 900)
        recoveries.done += 1
        let next = recoveries.end(now: 950, more: false)
        #expect(next?.count == 1 && next?.nanoseconds == 50)
    }

    @Test("failed recoveries are not logged")
    func failed() {
        var recoveries = Recoveries()
        recoveries.begin(now: 100)
        #expect(recoveries.end(now: 200, more: false) == nil)
        recoveries.begin(now: 300)
        recoveries.done += 1
        let ended = recoveries.end(now: 400, more: false)
        #expect(ended?.count == 1 && ended?.nanoseconds == 100)
    }
}
