import BoxOffice
import PostgresClient
import Records
import SeatInventory

/// The results of writing an entry's bookings one by one.
struct SingleWrites {
    private let entry: OutboxEntry
    var written: [OutboxEntry.Transition] = []
    /// Transitions that were or will be overruled.
    var overruled: [OutboxEntry.Transition] = []
    private(set) var letters: [DeadLetter] = []
    private(set) var verdicts: [Verdict] = []

    init(_ entry: OutboxEntry) { self.entry = entry }

    /// Dead-letters transitions; an empty list means the entry's terms.
    mutating func refuse(_ transitions: [OutboxEntry.Transition], _ error: PostgresError) {
        letters.append(
            DeadLetter(
                id: entry.id, entry: entry.text(of: transitions), reason: error.description,
                trace: transitions.count == 1 ? transitions[0].trace : nil))
    }

    mutating func overrule(_ transition: OutboxEntry.Transition, _ error: PostgresError) {
        overruled.append(transition)
        verdicts.append(
            Verdict(
                booking: transition.booking, event: entry.event, version: transition.image.version,
                entry: entry.id, rule: error.constraint ?? "", trace: transition.trace))
    }
}
