import Foundation
import Glibc
import Support
import Synchronization

/// What a proxy does to the traffic that it forwards.
enum Disturbance: Sendable, Equatable {
    /// All bytes are delayed by this much.
    case latency(milliseconds: Int)
    /// Bytes from the caller are dropped.
    case lostRequests
    /// Bytes from the server are dropped: the caller does not learn what was done.
    case lostAnswers
    /// Each connection is reset after at most this many bytes.
    case resets(withinBytes: Int)
    /// The server's end is closed, but the caller's stays open.
    case halfOpen
    /// Every byte is sent on its own.
    case slices
    /// Nothing is forwarded until the stall ends; then everything is.
    case stall
}

/// A TCP proxy on the loopback interface between one caller and one server, on its own thread.
final class FaultProxy: Sendable {
    /// Where callers connect to.
    let port: UInt16
    private let orders: ProxyOrders

    /// Creates a proxy that forwards everything unchanged.
    init(target: UInt16, seed: UInt64 = 0) throws {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw SupportError("no pipe: errno \(errno)") }
        port = try freePort()
        guard let listener = listenLoopback(port: port) else { throw SupportError("port \(port) was taken") }
        let orders = ProxyOrders(target: target, bell: ends[1])
        self.orders = orders
        let relay = UnsafeTransfer(ProxyRelay(listener: listener, bell: ends[0], orders: orders, seed: seed))
        Thread.detachNewThread { relay.value.run() }
    }

    deinit { orders.change { $0.isClosed = true } }

    /// Disturbs the traffic until `heal`.
    func disturb(_ disturbance: Disturbance) { orders.change { $0.disturbance = disturbance } }

    /// Forwards unchanged again; connections that lost bytes are reset.
    func heal() { orders.change { $0.disturbance = nil } }

    /// Resets every open connection.
    func cut() { orders.change { $0.cuts += 1 } }

    /// Sends new connections to this server; returns false if it was the target already.
    @discardableResult
    func retarget(_ port: UInt16) -> Bool {
        guard orders.now.target != port else { return false }
        orders.change { $0.target = port }
        return true
    }
}

/// Instructions to a relay; any thread may change them.
final class ProxyOrders: Sendable {
    struct Current {
        var target: UInt16
        var disturbance: Disturbance?
        var cuts = 0
        var isClosed = false
        /// Incremented by each change.
        var version = 0
    }

    private let current: Mutex<Current>
    private let bell: Int32

    init(target: UInt16, bell: Int32) {
        current = Mutex(Current(target: target))
        self.bell = bell
    }

    deinit { close(bell) }

    var now: Current { current.withLock { $0 } }

    /// Changes the orders and wakes the relay.
    func change(_ body: (inout sending Current) -> Void) {
        current.withLock { current in
            body(&current)
            current.version += 1
        }
        var byte: UInt8 = 0
        write(bell, &byte, 1)
    }
}

/// Moves a value to the only thread that uses it from then on.
// SAFETY of @unchecked: the creator does not use the value afterwards.
final class UnsafeTransfer<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}
