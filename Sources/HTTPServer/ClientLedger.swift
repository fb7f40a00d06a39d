import Synchronization

/// What clients have of a process: connections, streams, and bytes that wait, of all its loops together. One for all
/// servers that share a port, so that nobody has as much again on each loop.
///
/// Where a bound is passed, whoever holds most is ended, not whoever comes last: a small request gets through while
/// others hold megabytes.
public final class ClientLedger: Sendable {
    /// What becomes of a new connection.
    enum Admission {
        case admitted
        /// The address has as many as it may: its request is answered with 503, however many there are.
        case turnedAway
        /// The address has too many of those as well.
        case refused
    }

    /// What of a connection is counted in bytes.
    enum Kind {
        /// Requests that are still arriving.
        case arriving
        /// Answers that wait for their reader.
        case unsent
    }

    private struct Address {
        var connections = 0
        var turnedAway = 0
        var streams = 0
        var arriving = 0
        var isIdle: Bool { connections == 0 && turnedAway == 0 && streams == 0 && arriving == 0 }
    }

    private struct Holding {
        let address: String?
        let bytes: Int
        /// Whether it may be ended for holding most.
        let mayEnd: Bool
        let end: @Sendable () -> Void
    }

    private struct State {
        var addresses: [String: Address] = [:]
        var arriving: [UInt64: Holding] = [:]
        var unsent: [UInt64: Holding] = [:]
        var arrivingBytes = 0
        var unsentBytes = 0
    }

    private let limits: HTTPLimits
    private let state = Mutex(State())
    private let identifiers = Atomic<UInt64>(0)

    /// A ledger without entries.
    public init(_ limits: HTTPLimits = HTTPLimits()) { self.limits = limits }

    /// Bytes of requests that are arriving.
    var arrivingBytes: Int { state.withLock { $0.arrivingBytes } }
    /// Bytes of answers that wait for their readers.
    var unsentBytes: Int { state.withLock { $0.unsentBytes } }
    /// How many addresses are counted.
    var addresses: Int { state.withLock { $0.addresses.count } }

    /// Names a connection.
    func makeIdentifier() -> UInt64 { identifiers.add(1, ordering: .relaxed).newValue }

    // MARK: - Connections and streams

    /// Counts a new connection.
    ///
    /// - Parameter address: `nil` for a trusted proxy, which brings the connections of many.
    func connect(_ address: String?) -> Admission {
        guard let address, let most = limits.addressConnections else { return .admitted }
        return state.withLock { state in
            let has = state.addresses[address] ?? Address()
            if has.connections < most {
                state.addresses[address, default: Address()].connections += 1
                return .admitted
            }
            guard has.turnedAway < max(8, most / 8) else { return .refused }
            state.addresses[address, default: Address()].turnedAway += 1
            return .turnedAway
        }
    }

    /// The end of a connection that was counted.
    func disconnect(_ address: String?, wasTurnedAway: Bool) {
        guard let address, limits.addressConnections != nil else { return }
        change(address) { if wasTurnedAway { $0.turnedAway -= 1 } else { $0.connections -= 1 } }
    }

    /// Counts an answer that goes on for as long as its reader likes.
    ///
    /// - Returns: false when the address has as many as it may; then it is not counted.
    func beginStream(_ address: String?) -> Bool {
        guard let address, let most = limits.addressStreams else { return true }
        return state.withLock { state in
            guard state.addresses[address]?.streams ?? 0 < most else { return false }
            state.addresses[address, default: Address()].streams += 1
            return true
        }
    }

    /// The end of a stream that was counted.
    func endStream(_ address: String?) {
        guard let address, limits.addressStreams != nil else { return }
        change(address) { $0.streams -= 1 }
    }

    private func change(_ address: String, _ body: (inout Address) -> Void) {
        state.withLock { Self.change(&$0, address, body) }
    }

    private static func change(_ state: inout State, _ address: String, _ body: (inout Address) -> Void) {
        var has = state.addresses[address] ?? Address()
        body(&has)
        state.addresses[address] = has.isIdle ? nil : has
    }

    // MARK: - Bytes

    /// Notes how much a connection holds by now, and ends those that hold most while it is too much.
    ///
    /// - Parameters:
    ///   - address: `nil` when it is not known whose bytes they are.
    ///   - mayEnd: whether it may be ended for what it holds.
    ///   - end: ends it, from whatever thread; it is forgotten here already.
    func note(
        _ kind: Kind, _ identifier: UInt64, of address: String?, bytes: Int, mayEnd: Bool = true,
        end: @escaping @Sendable () -> Void
    ) {
        let ended = state.withLock { state in
            Self.remove(kind, identifier, &state)
            guard bytes > 0 else { return [] as [Holding] }
            let holding = Holding(address: address, bytes: bytes, mayEnd: mayEnd, end: end)
            switch kind {
            case .arriving:
                state.arriving[identifier] = holding
                state.arrivingBytes += bytes
                if let address { state.addresses[address, default: Address()].arriving += bytes }
            case .unsent:
                state.unsent[identifier] = holding
                state.unsentBytes += bytes
            }
            return excess(address, &state)
        }
        for holding in ended { holding.end() }
    }

    private func excess(_ address: String?, _ state: inout State) -> [Holding] {
        var ended: [Holding] = []
        if let address {
            while state.addresses[address]?.arriving ?? 0 > limits.addressArrivingBytes,
                let largest = Self.takeLargest(.arriving, &state, where: { $0.address == address })
            {
                ended.append(largest)
            }
        }
        while state.arrivingBytes > limits.arrivingBytes, let largest = Self.takeLargest(.arriving, &state) {
            ended.append(largest)
        }
        while state.unsentBytes > limits.allUnsentBytes, let largest = Self.takeLargest(.unsent, &state) {
            ended.append(largest)
        }
        return ended
    }

    private static func takeLargest(
        _ kind: Kind, _ state: inout State, where isMeant: (Holding) -> Bool = { _ in true }
    ) -> Holding? {
        var largest: (identifier: UInt64, holding: Holding)?
        for (identifier, holding) in kind == .arriving ? state.arriving : state.unsent
        where holding.mayEnd && holding.bytes > largest?.holding.bytes ?? 0 && isMeant(holding) {
            largest = (identifier, holding)
        }
        guard let largest else { return nil }
        remove(kind, largest.identifier, &state)
        return largest.holding
    }

    private static func remove(_ kind: Kind, _ identifier: UInt64, _ state: inout State) {
        switch kind {
        case .arriving:
            guard let old = state.arriving.removeValue(forKey: identifier) else { return }
            state.arrivingBytes -= old.bytes
            if let address = old.address { change(&state, address) { $0.arriving -= old.bytes } }
        case .unsent:
            guard let old = state.unsent.removeValue(forKey: identifier) else { return }
            state.unsentBytes -= old.bytes
        }
    }
}
