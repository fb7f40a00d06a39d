import Loops

/// The state machine of a connection that reconnects until closed, as a value: it decides what to do, its owner does
/// it.
struct ConnectionCycle {
    enum State: Equatable {
        case idle
        /// Connects at this time (monotonic nanoseconds).
        case waiting(until: Int64)
        /// Connecting and authenticating; the attempt times out at this time.
        case connecting(until: Int64)
        case open
        case closed
    }

    enum Action: Equatable {
        case nothing
        case connect
        case giveUpAttempt
    }

    private(set) var state = State.idle
    private var backoff: Backoff
    private let connectNanoseconds: Int64

    init(_ configuration: RedisConfiguration) {
        backoff = Backoff(minimum: configuration.minimumBackoff, maximum: configuration.maximumBackoff)
        connectNanoseconds = configuration.connectTimeout.nanoseconds
    }

    /// Starts; the first attempt is due at once.
    mutating func start(now: Int64) {
        if state == .idle { state = .waiting(until: now) }
    }

    /// Checks the time.
    mutating func tick(now: Int64) -> Action {
        switch state {
        case .waiting(let until) where now >= until:
            state = .connecting(until: now + connectNanoseconds)
            return .connect
        case .connecting(let until) where now >= until:
            // The owner may try the server's next address.
            state = .connecting(until: now + connectNanoseconds)
            return .giveUpAttempt
        default: return .nothing
        }
    }

    /// The server has accepted the connection and the handshake.
    mutating func opened() {
        guard case .connecting = state else { return }
        state = .open
        backoff.reset()
    }

    /// An attempt failed or the connection was lost; another attempt follows.
    mutating func lost(now: Int64, using random: inout some RandomNumberGenerator) {
        switch state {
        case .connecting, .open: state = .waiting(until: now + backoff.next(using: &random))
        case .idle, .waiting, .closed: break
        }
    }

    /// Ends the cycle for good.
    mutating func close() { state = .closed }
}
