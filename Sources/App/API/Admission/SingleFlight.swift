import Loops

/// A cache of short-lived values; concurrent callers share one lookup. Lives on one loop.
final class SingleFlight<Key: Hashable, Value: Sendable> {
    private struct Entry {
        /// The last lookup's value, and when that lookup began (`monotonicNanoseconds`).
        var found: (value: Value, at: Int64)?
        var isLooking = false
        var waiting: [UnsafeContinuation<Result<Value, any Error>?, Never>] = []
    }

    private let maximumAge: Int64
    private let limit: Int
    private var entries: [Key: Entry] = [:]
    /// Raised by `forget`: a lookup that began earlier is not cached.
    private var generation = 0

    /// - Parameters:
    ///   - maximumAge: nanoseconds from the start of a lookup to the last use of its value.
    ///   - limit: most keys that are cached.
    init(maximumAge: Int64, limit: Int) {
        self.maximumAge = maximumAge
        self.limit = limit
    }

    /// The value of a key: cached, from a running lookup, or looked up now.
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

    /// The result of the running lookup; `nil` if it ended before this call could wait: suspending may let other jobs
    /// of the loop run first.
    private func resultOfLook(_ key: Key) async -> Result<Value, any Error>? {
        await withUnsafeContinuation { continuation in
            if entries[key]?.isLooking == true {
                entries[key]?.waiting.append(continuation)
            } else {
                continuation.resume(returning: nil)
            }
        }
    }

    /// Drops all cached values.
    func forget() {
        generation += 1
        for key in entries.keys { entries[key]?.found = nil }
    }
}
