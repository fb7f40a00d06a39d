/// The prepared statements of a connection, by SQL; evicts the least recently used.
struct StatementCache {
    private struct Entry {
        let name: String
        var lastUse: UInt64
    }

    private let capacity: Int
    private var entries: [String: Entry] = [:]
    private var clock: UInt64 = 0
    /// Evicted names that the server still has, to be deallocated with the next command.
    private(set) var discarded: [String] = []

    /// - Parameter capacity: at least 1.
    init(capacity: Int) { self.capacity = max(1, capacity) }

    /// The statement's name, and whether it must be prepared first.
    mutating func use(_ sql: String) -> (name: String, isNew: Bool) {
        clock += 1
        if let entry = entries[sql] {
            entries[sql]?.lastUse = clock
            return (entry.name, false)
        }
        if entries.count >= capacity, let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
            discarded.append(oldest.value.name)
            entries[oldest.key] = nil
        }
        // The number is never reused, so a name can never refer to two statements.
        let name = "usher_\(clock)"
        entries[sql] = Entry(name: name, lastUse: clock)
        return (name, true)
    }

    /// Removes a statement that the server does not have.
    mutating func forget(_ name: String) {
        guard let sql = entries.first(where: { $0.value.name == name })?.key else { return }
        entries[sql] = nil
    }

    /// Removes a statement that the server has but can no longer use.
    mutating func discard(_ name: String) {
        forget(name)
        discarded.append(name)
    }

    /// Returns and clears the names to deallocate.
    mutating func takeDiscarded() -> [String] {
        defer { discarded = [] }
        return discarded
    }
}
