import Glibc

/// One connection through a proxy: the caller's end is 0, the server's is 1.
final class ProxiedConnection {
    /// Bytes were lost on the connection, so it must not be used further.
    private(set) var isBroken = false
    private(set) var isOver = false
    /// Bytes left until the connection is reset.
    var budget: Int?
    private var ends: [Int32]
    /// Bytes read at each end for the other end, and when they are due.
    private var chunks: [[(due: Int64, bytes: [UInt8])]] = [[], []]
    private var isEnding = false

    /// The most bytes to read ahead.
    private static let queueLimit = 262_144

    init(caller: Int32, server: Int32) {
        ends = [caller, server]
        for end in ends where end >= 0 {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            var one: Int32 = 1
            setsockopt(end, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        }
    }

    deinit { if !isOver { reset() } }

    /// When the next delayed bytes are due.
    var nextDue: Int64? { [chunks[0].first?.due, chunks[1].first?.due].compactMap(\.self).min() }

    /// What to poll for at an end.
    func interest(_ end: Int, _ now: Int64) -> pollfd {
        var events: Int32 = 0
        if !isEnding, chunks[end].reduce(0, { $0 + $1.bytes.count }) < Self.queueLimit { events |= POLLIN }
        if let due = chunks[1 - end].first?.due, due <= now { events |= POLLOUT }
        return pollfd(fd: ends[end], events: Int16(events), revents: 0)
    }

    /// Reads what an end has sent, and writes what is due to it.
    func carry(_ end: Int, _ events: Int16, _ disturbance: Disturbance?, _ now: Int64) {
        guard !isOver, events != 0 else { return }
        if Int32(events) & (POLLIN | POLLHUP | POLLERR) != 0, !isEnding { take(end, disturbance, now) }
        if Int32(events) & POLLOUT != 0 { give(end, isSliced: disturbance == .slices) }
        if isEnding, chunks[0].isEmpty, chunks[1].isEmpty { finish() }
    }

    private func take(_ end: Int, _ disturbance: Disturbance?, _ now: Int64) {
        var bytes = [UInt8](repeating: 0, count: 16_384)
        let count = recv(ends[end], &bytes, bytes.count, 0)
        guard count > 0 else {
            if count < 0, errno == EAGAIN { return }
            if count < 0 { return reset() }
            // Bytes in flight are delivered before the end of file.
            isEnding = true
            return
        }
        bytes.removeSubrange(count...)
        switch disturbance {
        case .lostRequests where end == 0, .lostAnswers where end == 1, .halfOpen: isBroken = true
        case .latency(let milliseconds): chunks[end].append((now + Int64(milliseconds), bytes))
        default: spend(end, bytes, now)
        }
    }

    /// Forwards bytes; resets the connection in the middle of them when its budget runs out.
    private func spend(_ end: Int, _ bytes: [UInt8], _ now: Int64) {
        guard let left = budget else { return chunks[end].append((now, bytes)) }
        guard left < bytes.count else {
            budget = left - bytes.count
            return chunks[end].append((now, bytes))
        }
        chunks[end].append((now, Array(bytes.prefix(left))))
        give(1 - end, isSliced: false)
        reset()
    }

    private func give(_ end: Int, isSliced: Bool) {
        while let chunk = chunks[1 - end].first {
            let count = chunk.bytes.withUnsafeBytes {
                send(ends[end], $0.baseAddress, isSliced ? min(1, $0.count) : $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count >= 0 else {
                if errno != EAGAIN { reset() }
                return
            }
            chunks[1 - end][0].bytes.removeFirst(count)
            if chunks[1 - end][0].bytes.isEmpty { chunks[1 - end].removeFirst() }
            // The next chunk may not be due yet.
            if !isSliced { return }
        }
    }

    /// Closes the server's end; the caller's stays open and gets no answer.
    func forgetServer() {
        isBroken = true
        if ends[1] >= 0 { close(ends[1]) }
        ends[1] = -1
        chunks = [[], []]
    }

    /// Resets both ends.
    func reset() {
        var now = linger(l_onoff: 1, l_linger: 0)
        for end in ends where end >= 0 {
            setsockopt(end, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        }
        finish()
    }

    private func finish() {
        guard !isOver else { return }
        isOver = true
        for end in ends where end >= 0 { close(end) }
    }
}
