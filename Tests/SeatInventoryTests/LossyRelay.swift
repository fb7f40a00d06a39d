import Foundation
import Glibc
import Support
import Synchronization

/// A relay between a client and a server on the loopback interface that loses the answer to one request: it closes both
/// ends of the connection once the server has answered.
final class LossyRelay: Sendable {
    /// Where callers connect to.
    let port: UInt16
    private let state = Mutex(State())

    private struct State {
        /// Text in the request whose answer is to be lost.
        var wanted: [UInt8]?
        var isLosing = false
        var lost = 0
        var isClosed = false
    }

    init(target: UInt16) throws {
        port = try freePort()
        guard let listener = listenLoopback(port: port) else { throw SupportError("port \(port) was taken") }
        Thread.detachNewThread { [weak self] in
            while true {
                let caller = accept(listener, nil, nil)
                guard caller >= 0 else { break }
                guard let self, !self.state.withLock({ $0.isClosed }) else {
                    close(caller)
                    break
                }
                self.carry(caller, target)
            }
            close(listener)
        }
    }

    /// The number of lost answers.
    var lost: Int { state.withLock { $0.lost } }

    /// Loses the answer to the next request that contains `text`.
    func loseNextAnswer(to text: String) { state.withLock { $0.wanted = Array(text.utf8) } }

    /// Stops accepting connections.
    func stop() {
        state.withLock { $0.isClosed = true }
        if let descriptor = connectLoopback(port: port, timeoutSeconds: 1) { close(descriptor) }
    }

    /// Forwards both ways until one end closes.
    private func carry(_ caller: Int32, _ target: UInt16) {
        guard let server = connectLoopback(port: target, timeoutSeconds: 60) else {
            close(caller)
            return
        }
        let ends = Ends(caller: caller, server: server)
        Thread.detachNewThread { [self] in
            pass(caller, server) { bytes in
                state.withLock { state in
                    guard let wanted = state.wanted, bytes.firstRange(of: wanted) != nil else { return }
                    (state.wanted, state.isLosing) = (nil, true)
                }
                return true
            }
            ends.leave()
        }
        Thread.detachNewThread { [self] in
            pass(server, caller) { _ in
                state.withLock { state in
                    guard state.isLosing else { return true }
                    (state.isLosing, state.lost) = (false, state.lost + 1)
                    return false
                }
            }
            ends.leave()
        }
    }

    private func pass(_ from: Int32, _ to: Int32, _ mayPass: ([UInt8]) -> Bool) {
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = recv(from, &buffer, buffer.count, 0)
            guard count > 0 else { return }
            guard mayPass(Array(buffer[..<count])) else { return }
            guard send(to, buffer, count, Int32(MSG_NOSIGNAL)) == count else { return }
        }
    }

    /// Two sockets that are closed once neither direction uses them.
    private final class Ends: Sendable {
        private let caller: Int32
        private let server: Int32
        private let open = Mutex(2)

        init(caller: Int32, server: Int32) { (self.caller, self.server) = (caller, server) }

        func leave() {
            shutdown(caller, Int32(SHUT_RDWR))
            shutdown(server, Int32(SHUT_RDWR))
            let isLast = open.withLock { open in
                open -= 1
                return open == 0
            }
            guard isLast else { return }
            close(caller)
            close(server)
        }
    }
}
