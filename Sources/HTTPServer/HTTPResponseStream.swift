public import EventLoop

/// The body of an answer that is written bit by bit, such as server-sent events: chunked for HTTP/1.1, ended by the
/// connection's end for HTTP/1.0. Lives on one loop.
///
/// What the client does not read is kept up to a bound; beyond it the connection is cut. A client that ends its side
/// is taken for gone.
public final class HTTPResponseStream: @unchecked Sendable {
    // SAFETY of @unchecked: every public member checks that it is used on its loop's thread.
    private enum State {
        /// The answer has not begun; these bytes go with it.
        case waiting([UInt8], isEnded: Bool)
        case writing(HTTPConnection, bound: Int)
        case over
    }

    private let loop: EventLoop
    let backlogBytes: Int
    /// Whether a server that drains ends it: one that has an end of its own would be taken for whole.
    let endsWhenDraining: Bool
    private var state = State.waiting([], isEnded: false)
    private var closeHandler: (() -> Void)?
    private var drainHandler: ((Bool) -> Void)?

    /// A stream to put into an `HTTPResponse`. On the loop's thread only, as is everything here.
    ///
    /// - Parameters:
    ///   - backlogBytes: how many unread bytes are kept for a slow client, beside those the answer began with.
    ///   - endsWhenDraining: whether the body is whole wherever it ends. One that is not goes on until the drain's
    ///     deadline, and is cut then.
    public init(loop: EventLoop, backlogBytes: Int = 64 * 1024, endsWhenDraining: Bool = true) {
        loop.executor.checkIsolated()
        self.loop = loop
        self.backlogBytes = backlogBytes
        self.endsWhenDraining = endsWhenDraining
    }

    /// Called once, when nothing more can be written: it was ended, the client is gone or was cut, the server drains.
    /// It may be called from inside `write`.
    public var onClose: (() -> Void)? {
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
    public var isOpen: Bool {
        loop.executor.checkIsolated()
        return switch state {
        case .waiting(_, let isEnded): !isEnded
        case .writing: true
        case .over: false
        }
    }

    /// What was written and has not left: who makes a long body waits until it is little.
    public var unsentBytes: Int {
        loop.executor.checkIsolated()
        return switch state {
        case .waiting(let pending, _): pending.count
        case .writing(let connection, _): connection.unsentBytes
        case .over: 0
        }
    }

    /// Writes; the bytes leave at the end of the tick.
    ///
    /// - Returns: false when the stream is over, or now ended because the client's backlog passed the bound.
    @discardableResult
    public func write(_ bytes: [UInt8]) -> Bool {
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

    /// Waits until all that was written has left for the client: who writes no more than the backlog between two waits is
    /// never cut for writing faster than the client reads. One waits at a time.
    ///
    /// - Returns: false when nothing more can be written.
    public func drained() async -> Bool {
        loop.executor.checkIsolated()
        switch state {
        case .over: return false
        case .writing(let connection, _) where connection.unsentBytes == 0: return true
        case .waiting, .writing: break
        }
        return await unsafe withUnsafeContinuation { continuation in
            precondition(drainHandler == nil, "one waits at a time")
            // To wait may let other callbacks go first.
            if case .over = state { return unsafe continuation.resume(returning: false) }
            drainHandler = { unsafe continuation.resume(returning: $0) }
            if case .writing(let connection, _) = state, connection.unsentBytes == 0 { resumeDrained(true) }
        }
    }

    /// All that was written has left.
    func flushed() { resumeDrained(true) }

    private func resumeDrained(_ isOpen: Bool) {
        let handler = drainHandler
        drainHandler = nil
        handler?(isOpen)
    }

    /// Cuts the connection: what the client got is not all, and it can tell.
    public func abort() {
        loop.executor.checkIsolated()
        if case .writing(let connection, _) = state { connection.close() } else { over() }
    }

    /// Ends the body; the client gets what was written.
    public func end() {
        loop.executor.checkIsolated()
        switch state {
        case .waiting(let pending, _): state = .waiting(pending, isEnded: true)
        case .writing(let connection, _): connection.endStream()
        case .over: break
        }
    }

    /// The answer's head is written: what waits follows it. What waited too long and was dropped cuts the connection,
    /// lest the client take the rest for the whole.
    ///
    /// - Returns: whether the stream goes on.
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

    /// Nothing can be written any more.
    func over() {
        if case .over = state { return }
        state = .over
        let handler = closeHandler
        closeHandler = nil
        resumeDrained(false)
        handler?()
    }
}
