import Synchronization

/// Counts the connections, streams and buffered bytes of clients over all loops of a process. All servers that share a
/// port share one ledger, so that a client does not get its limits once per loop.
///
/// When a limit is exceeded, the connection that holds the most is ended, not the newest: a small request gets through
/// while others occupy megabytes.
package final class ClientLedger: Sendable {
    /// The outcome for a new connection.
    enum Admission {
        case admitted
        /// The address has reached its connection limit: the connection's request is answered with 503.
        case turnedAway
        /// The address has also reached the limit of turned-away connections.
        case refused
    }

    /// The two kinds of bytes that are counted for a connection.
    enum Kind {
        /// Bytes of requests that are still arriving.
        case arriving
        /// Bytes of responses that the client has not read yet.
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
        /// Whether the connection may be ended for holding the most.
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

    package init(_ limits: HTTPLimits = HTTPLimits()) { self.limits = limits }

    /// Total bytes of requests that are still arriving.
    var arrivingBytes: Int { state.withLock { $0.arrivingBytes } }
    /// Total bytes of responses that clients have not read yet.
    var unsentBytes: Int { state.withLock { $0.unsentBytes } }
    /// How many addresses are tracked.
    var addresses: Int { state.withLock { $0.addresses.count } }

    /// Returns a new connection identifier.
    func makeIdentifier() -> UInt64 { identifiers.add(1, ordering: .relaxed).newValue }

    // MARK: - Connections and streams

    /// Counts a new connection.
    ///
    /// - Parameter address: `nil` for a trusted proxy, whose connections carry many clients.
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

    /// Uncounts a connection.
    func disconnect(_ address: String?, wasTurnedAway: Bool) {
        guard let address, limits.addressConnections != nil else { return }
        change(address) { if wasTurnedAway { $0.turnedAway -= 1 } else { $0.connections -= 1 } }
    }

    /// Counts a response that is streamed until the client closes it.
    ///
    /// - Returns: false, without counting, if the address has reached its stream limit.
    func beginStream(_ address: String?) -> Bool {
        guard let address, let most = limits.addressStreams else { return true }
        return state.withLock { state in
            guard state.addresses[address]?.streams ?? 0 < most else { return false }
            state.addresses[address, default: Address()].streams += 1
            return true
        }
    }

    /// Uncounts a stream.
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

    /// Updates the number of bytes that a connection holds, and ends the largest connections while a limit is exceeded.
    ///
    /// - Parameters:
    ///   - address: `nil` if the client's address is unknown.
    ///   - mayEnd: whether the connection may be ended for holding the most.
    ///   - end: ends the connection, on any thread; its entry is already removed when this runs.
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
        // First the address's own limit, then the process's.
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
