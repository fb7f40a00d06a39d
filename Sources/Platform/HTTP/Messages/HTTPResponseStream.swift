package import Loops

/// A response body that is written in parts, such as server-sent events: chunked for HTTP/1.1, ended by closing the
/// connection for HTTP/1.0. Lives on one loop.
///
/// Unread bytes are buffered up to a limit; beyond it the connection is closed. A client that shuts down its sending
/// side counts as gone.
package final class HTTPResponseStream: @unchecked Sendable {
    // SAFETY of @unchecked: every public member checks that it is called on its loop's thread.
    private enum State {
        /// The response has not started; these bytes are sent with it.
        case waiting([UInt8], isEnded: Bool)
        case writing(HTTPConnection, bound: Int)
        case over
    }

    private let loop: EventLoop
    let backlogBytes: Int
    /// Whether draining the server may end the body. If not, an ended body would look complete to the client.
    let endsWhenDraining: Bool
    private var state = State.waiting([], isEnded: false)
    private var closeHandler: (() -> Void)?
    private var drainHandler: ((Bool) -> Void)?

    /// Creates a stream for an `HTTPResponse`. All members must be called on the loop's thread.
    ///
    /// - Parameters:
    ///   - backlogBytes: how many unread bytes are buffered for a slow client, in addition to the response's first
    ///     bytes.
    ///   - endsWhenDraining: whether the body is complete wherever it ends. Otherwise the stream continues until the
    ///     drain's deadline, and is then cut.
    package init(loop: EventLoop, backlogBytes: Int = 64 * 1024, endsWhenDraining: Bool = true) {
        loop.executor.checkIsolated()
        self.loop = loop
        self.backlogBytes = backlogBytes
        self.endsWhenDraining = endsWhenDraining
    }

    /// Called once, when nothing more can be written: the stream was ended, the client disconnected or was cut, or the
    /// server drains. May be called inside `write`.
    package var onClose: (() -> Void)? {
        get {
            loop.executor.checkIsolated()
            return closeHandler
        }
        set {
            loop.executor.checkIsolated()
            if case .over = state { newValue?() } else { closeHandler = newValue }
        }
    }

    /// Whether more can be written.
    package var isOpen: Bool {
        loop.executor.checkIsolated()
        return switch state {
        case .waiting(_, let isEnded): !isEnded
        case .writing: true
        case .over: false
        }
    }

    /// Bytes that were written but not sent yet; writers of long bodies use it for back-pressure.
    package var unsentBytes: Int {
        loop.executor.checkIsolated()
        return switch state {
        case .waiting(let pending, _): pending.count
        case .writing(let connection, _): connection.unsentBytes
        case .over: 0
        }
    }

    /// Queues bytes, which are sent at the end of the tick.
    ///
    /// - Returns: false if the stream is over, or was ended by this call because the backlog exceeded its limit.
    @discardableResult
    package func write(_ bytes: [UInt8]) -> Bool {
        loop.executor.checkIsolated()
        switch state {
        case .waiting(let pending, isEnded: false):
            guard pending.count + bytes.count <= backlogBytes else {
                over()
                return false
            }
            state = .waiting(pending + bytes, isEnded: false)
            return true
        case .writing(let connection, let bound):
            return connection.write(streamed: bytes, bound: bound)
        case .waiting, .over:
            return false
        }
    }

    /// Waits until all written bytes have been sent. A writer that writes no more than the backlog between two waits is
    /// never cut for writing faster than the client reads. Only one caller may wait at a time.
    ///
    /// - Returns: false if nothing more can be written.
    package func drained() async -> Bool {
        loop.executor.checkIsolated()
        switch state {
        case .over: return false
        case .writing(let connection, _) where connection.unsentBytes == 0: return true
        case .waiting, .writing: break
        }
        return await unsafe withUnsafeContinuation { continuation in
            precondition(drainHandler == nil, "only one caller may wait at a time")
            // Suspending may let other callbacks run first.
            if case .over = state { return unsafe continuation.resume(returning: false) }
            drainHandler = { unsafe continuation.resume(returning: $0) }
            if case .writing(let connection, _) = state, connection.unsentBytes == 0 { resumeDrained(true) }
        }
    }

    /// Called when all written bytes have been sent.
    func flushed() { resumeDrained(true) }

    private func resumeDrained(_ isOpen: Bool) {
        let handler = drainHandler
        drainHandler = nil
        handler?(isOpen)
    }

    /// Closes the connection, so that the client sees an incomplete body.
    package func abort() {
        loop.executor.checkIsolated()
        if case .writing(let connection, _) = state { connection.close() } else { over() }
    }

    /// Ends the body after the bytes written so far.
    package func end() {
        loop.executor.checkIsolated()
        switch state {
        case .waiting(let pending, _): state = .waiting(pending, isEnded: true)
        case .writing(let connection, _): connection.endStream()
        case .over: break
        }
    }

    /// Called when the response's head is written: sends the pending bytes. If pending bytes were dropped because they
    /// exceeded the backlog, closes the connection, so that the client does not take the rest for the whole body.
    ///
    /// - Returns: whether the stream continues.
    func begin(on connection: HTTPConnection) -> Bool {
        guard case .waiting(let pending, let isEnded) = state else {
            connection.close()
            return false
        }
        connection.write(streamed: pending, bound: .max)
        state = .writing(connection, bound: backlogBytes + connection.unsentBytes)
        if isEnded { connection.endStream() }
        return !isEnded
    }

    /// Marks the stream as over: nothing more can be written.
    func over() {
        if case .over = state { return }
        state = .over
        let handler = closeHandler
        closeHandler = nil
        resumeDrained(false)
        handler?()
    }
}
