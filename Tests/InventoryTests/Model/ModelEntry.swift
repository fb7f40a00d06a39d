/// One entry of an outbox.
struct ModelEntry: Equatable {
    struct Change: Equatable {
        let booking: String
        let image: String
        let channel: String
        let trace: String
    }

    /// A block that was made, with what it is, or one that was taken away.
    struct Note: Equatable {
        let name: String
        let text: String
    }

    let event: String
    let epoch: Int
    let sequence: Int
    let at: Int
    /// `tier counters` of each tier that changed.
    let tiers: Set<String>
    /// The same of those that did not: a claim that was refused after all may have had them in its hands.
    var others: Set<String> = []
    let notes: [Note]
    /// One booking's in their order; of several bookings', none comes first, since an entry is one moment.
    let changes: [String: [Change]]
    /// Whether every tier's units are all somewhere.
    var isConserved: Bool {
        tiers.allSatisfy { text in
            let counts = text.split(separator: " ").dropFirst().prefix(5).compactMap { Int($0) }
            return counts.count == 5 && counts[0] == counts[1...].reduce(0, +) && counts.allSatisfy { $0 >= 0 }
        }
    }

    /// Whether an entry that was read says what this one does.
    func isSame(as read: ModelEntry) -> Bool {
        (event, epoch, sequence, at) == (read.event, read.epoch, read.sequence, read.at)
            && read.tiers.isSuperset(of: tiers) && read.tiers.subtracting(tiers).isSubset(of: others)
            && notes == read.notes && changes == read.changes
    }
}
