/// Which statements a connection keeps prepared, by their SQL; the least recently used go first.
struct StatementCache {
    private struct Entry {
        let name: String
        var lastUse: UInt64
    }

    private let capacity: Int
    private var entries: [String: Entry] = [:]
    private var clock: UInt64 = 0
    /// Names the server still knows and nobody uses: to be deallocated with the next command.
    private(set) var discarded: [String] = []

    /// - Parameter capacity: at least 1.
    init(capacity: Int) { self.capacity = max(1, capacity) }

    /// The statement's name, and whether the server must be told of it first.
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
        // A number used once: a name can never mean two statements.
        let name = "usher_\(clock)"
        entries[sql] = Entry(name: name, lastUse: clock)
        return (name, true)
    }

    /// Forgets a statement that the server does not know.
    mutating func forget(_ name: String) {
        guard let sql = entries.first(where: { $0.value.name == name })?.key else { return }
        entries[sql] = nil
    }

    /// Forgets a statement that the server knows but can use no more.
    mutating func discard(_ name: String) {
        forget(name)
        discarded.append(name)
    }

    /// Hands over the names to deallocate.
    mutating func takeDiscarded() -> [String] {
        defer { discarded = [] }
        return discarded
    }
}
