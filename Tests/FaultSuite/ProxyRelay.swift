import Glibc
import Support

/// The thread of a proxy; confined to that thread.
final class ProxyRelay {
    private let listener: Int32
    private let bell: Int32
    private let orders: ProxyOrders
    private var dice: SeededGenerator
    private var connections: [ProxiedConnection] = []
    private var known: ProxyOrders.Current

    init(listener: Int32, bell: Int32, orders: ProxyOrders, seed: UInt64) {
        self.listener = listener
        self.bell = bell
        self.orders = orders
        dice = SeededGenerator(seed: seed)
        known = orders.now
    }

    func run() {
        while !known.isClosed {
            turn()
            let now = orders.now
            if now.version != known.version { obey(now) }
        }
        for connection in connections { connection.reset() }
        close(listener)
        close(bell)
    }

    /// Waits until bytes can be forwarded, and forwards them.
    private func turn() {
        let isStalled = known.disturbance == .stall
        var polled = [
            pollfd(fd: bell, events: Int16(POLLIN), revents: 0),
            pollfd(fd: isStalled ? -1 : listener, events: Int16(POLLIN), revents: 0),
        ]
        var wait: Int32 = -1
        let now = monotonicMilliseconds()
        for connection in connections {
            polled += isStalled ? [idle, idle] : [connection.interest(0, now), connection.interest(1, now)]
            if !isStalled, let due = connection.nextDue {
                wait = min(wait < 0 ? .max : wait, Int32(max(0, due - now)))
            }
        }
        poll(&polled, nfds_t(polled.count), wait)
        if polled[0].revents != 0 { drain() }
        let later = monotonicMilliseconds()
        for (index, connection) in connections.enumerated() {
            for end in 0...1 {
                connection.carry(end, polled[2 + 2 * index + end].revents, known.disturbance, later)
            }
        }
        if polled[1].revents != 0 { accept() }
        connections.removeAll { $0.isOver }
    }

    private var idle: pollfd { pollfd(fd: -1, events: 0, revents: 0) }

    private func drain() {
        var bytes = [UInt8](repeating: 0, count: 64)
        read(bell, &bytes, bytes.count)
    }

    private func obey(_ now: ProxyOrders.Current) {
        if now.disturbance == nil {
            for connection in connections where connection.isBroken { connection.reset() }
        }
        if now.cuts != known.cuts { for connection in connections { connection.reset() } }
        known = now
        for connection in connections { prepare(connection) }
        connections.removeAll { $0.isOver }
    }

    private func accept() {
        let caller = Glibc.accept(listener, nil, nil)
        guard caller >= 0 else { return }
        let server = known.disturbance == .halfOpen ? -1 : connectLoopback(port: known.target, timeoutSeconds: 1)
        let connection = ProxiedConnection(caller: caller, server: server ?? -1)
        // The server does not accept connections.
        if server == nil { return connection.reset() }
        prepare(connection)
        connections.append(connection)
    }

    private func prepare(_ connection: ProxiedConnection) {
        switch known.disturbance {
        case .halfOpen: connection.forgetServer()
        case .resets(let bytes): connection.budget = Int.random(in: 0...bytes, using: &dice)
        default: connection.budget = nil
        }
    }
}

/// The monotonic clock in nanoseconds.
func monotonicNanoseconds() -> Int64 {
    var moment = timespec()
    clock_gettime(CLOCK_MONOTONIC, &moment)
    return Int64(moment.tv_sec) * 1_000_000_000 + Int64(moment.tv_nsec)
}

/// The monotonic clock in milliseconds.
func monotonicMilliseconds() -> Int64 { monotonicNanoseconds() / 1_000_000 }
