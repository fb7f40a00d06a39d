import EventLoop

/// Answers that are kept for a short time; however many ask at once, one of them looks. Lives on one loop.
final class SingleFlight<Key: Hashable, Value: Sendable> {
    private struct Entry {
        /// What the last look found, and when that look began (`monotonicNanoseconds`).
        var found: (value: Value, at: Int64)?
        var isLooking = false
        var waiting: [UnsafeContinuation<Result<Value, any Error>?, Never>] = []
    }

    private let maximumAge: Int64
    private let limit: Int
    private var entries: [Key: Entry] = [:]
    /// Raised by `forget`: what began to look before it is not kept.
    private var generation = 0

    /// - Parameters:
    ///   - maximumAge: nanoseconds from the beginning of a look to its last use.
    ///   - limit: keys that are remembered.
    init(maximumAge: Int64, limit: Int) {
        self.maximumAge = maximumAge
        self.limit = limit
    }

    /// The value of a key: kept, being looked for, or looked for now.
    func value(_ key: Key, _ look: nonisolated(nonsending) () async throws -> Value) async throws -> Value {
        var now = monotonicNanoseconds()
        while true {
            if let found = entries[key]?.found, now - found.at < maximumAge { return found.value }
            guard entries[key]?.isLooking == true else { break }
            if let result = await resultOfLook(key) { return try result.get() }
            now = monotonicNanoseconds()
        }
        if entries.count >= limit { entries = entries.filter { $0.value.isLooking } }
        entries[key, default: Entry()].isLooking = true
        let begun = generation
        let result: Result<Value, any Error>
        do {
            result = .success(try await look())
        } catch {
            result = .failure(error)
        }
        let waiting = entries[key]?.waiting ?? []
        if case .success(let value) = result, begun == generation {
            entries[key] = Entry(found: (value, now))
        } else {
            entries[key] = nil
        }
        for continuation in waiting { continuation.resume(returning: result) }
        return try result.get()
    }

    /// What the look that is under way finds; `nil` when it was over before it could be waited for: to wait may let other
    /// jobs of the loop go first.
    private func resultOfLook(_ key: Key) async -> Result<Value, any Error>? {
        await withUnsafeContinuation { continuation in
            if entries[key]?.isLooking == true {
                entries[key]?.waiting.append(continuation)
            } else {
                continuation.resume(returning: nil)
            }
        }
    }

    /// Keeps nothing of what was true until now.
    func forget() {
        generation += 1
        for key in entries.keys { entries[key]?.found = nil }
    }
}
