import Foundation
import Glibc
import Support
import Synchronization

/// What a proxy does to what it carries.
enum Disturbance: Sendable, Equatable {
    /// Everything arrives this much later.
    case latency(milliseconds: Int)
    /// What the caller says vanishes.
    case lostRequests
    /// What the server says vanishes: the caller does not know what was done.
    case lostAnswers
    /// Each connection is reset after at most so many bytes.
    case resets(withinBytes: Int)
    /// The server is gone, and the caller is not told.
    case halfOpen
    /// Every byte travels alone.
    case slices
    /// Nothing moves; all of it arrives afterwards.
    case stall
}

/// A TCP proxy on the loopback interface between one caller and one server, on a thread of its own.
final class FaultProxy: Sendable {
    /// Where callers connect to.
    let port: UInt16
    private let orders: ProxyOrders

    /// A proxy that carries everything faithfully.
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

    /// Disturbs what is carried until `heal`.
    func disturb(_ disturbance: Disturbance) { orders.change { $0.disturbance = disturbance } }

    /// Carries faithfully again; connections that have lost something are reset.
    func heal() { orders.change { $0.disturbance = nil } }

    /// Resets every connection there is.
    func cut() { orders.change { $0.cuts += 1 } }

    /// Connections made from now on go to this server; false when they did already.
    @discardableResult
    func retarget(_ port: UInt16) -> Bool {
        guard orders.now.target != port else { return false }
        orders.change { $0.target = port }
        return true
    }
}

/// What a relay is to do; told by any thread.
final class ProxyOrders: Sendable {
    struct Current {
        var target: UInt16
        var disturbance: Disturbance?
        var cuts = 0
        var isClosed = false
        /// Rises with each change.
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

/// Carries a value to the one thread that uses it from then on.
// SAFETY of @unchecked: whoever makes one lets go of the value.
final class UnsafeTransfer<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}
