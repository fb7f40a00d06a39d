/// The callers that wait for replies, in reply order: a queue that stops allocating once it has grown.
struct PendingCommands<Waiter> {
    private struct Entry {
        var waiter: Waiter
        let length: Int
        var deadline: Int64
    }

    private var entries: [Entry?] = []
    private var head = 0

    var count: Int { entries.count - head }

    /// Total bytes of all commands in the queue.
    private(set) var totalLength = 0

    /// Deadline of the oldest command, in monotonic nanoseconds; deadlines never decrease along the queue.
    var oldestDeadline: Int64? { head < entries.count ? entries[head]?.deadline : nil }

    mutating func append(_ waiter: Waiter, length: Int, deadline: Int64) {
        entries.append(Entry(waiter: waiter, length: length, deadline: deadline))
        totalLength += length
    }

    /// Removes the oldest entry.
    mutating func popFirst() -> Waiter? {
        guard head < entries.count, let entry = entries[head] else { return nil }
        entries[head] = nil
        head += 1
        totalLength -= entry.length
        if head == entries.count {
            entries.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= 1_024, head * 2 >= entries.count {
            // Compacts once half of the array is used up, so that the cost per removal stays constant.
            entries.removeFirst(head)
            head = 0
        }
        return entry.waiter
    }

    /// Removes entries whose deadline has passed; also returns the total bytes of their commands.
    mutating func popExpired(now: Int64) -> (waiters: [Waiter], length: Int) {
        let before = totalLength
        var waiters: [Waiter] = []
        while let deadline = oldestDeadline, deadline <= now, let waiter = popFirst() { waiters.append(waiter) }
        return (waiters, before - totalLength)
    }

    /// Sets the same deadline for all entries.
    mutating func setDeadlines(_ deadline: Int64) {
        for index in head..<entries.count { entries[index]?.deadline = deadline }
    }

    /// Removes all entries, split into commands that were written completely and commands that overlap the last
    /// `unwritten` bytes of the queue. A server does not execute a command that it has not read completely.
    mutating func removeAll(unwritten: Int) -> (written: [Waiter], unwritten: [Waiter]) {
        let boundary = totalLength - unwritten
        var end = 0
        var result: (written: [Waiter], unwritten: [Waiter]) = ([], [])
        for entry in entries[head...] {
            guard let entry else { continue }
            end += entry.length
            if end <= boundary { result.written.append(entry.waiter) } else { result.unwritten.append(entry.waiter) }
        }
        entries.removeAll()
        head = 0
        totalLength = 0
        return result
    }
}
