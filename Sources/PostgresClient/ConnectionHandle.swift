import CLibpq
import Glibc

/// One `PGconn`, closed when the last reference goes. No call of it waits, but `init`, which resolves names.
// SAFETY of @unchecked: made on a helper thread, handed over once, and touched by the loop's thread alone from then on.
@safe final class ConnectionHandle: @unchecked Sendable {
    let pointer: OpaquePointer

    /// Begins to connect. It resolves the host's name and reads files: never on the loop's thread.
    /// Nil when memory is out. The corresponding C function is `PQconnectStartParams`.
    init?(parameters: [(keyword: String, value: String)]) {
        let keywords = parameters.map { Array($0.keyword.utf8CString) }
        let values = parameters.map { Array($0.value.utf8CString) }
        let pointer = unsafe Self.withPointers(to: keywords) { keywords in
            unsafe Self.withPointers(to: values) { values in unsafe PQconnectStartParams(keywords, values, 1) }
        }
        guard let pointer = unsafe pointer else { return nil }
        unsafe self.pointer = pointer
        // The default receiver writes notices to stderr.
        _ = unsafe PQsetNoticeReceiver(pointer, { _, _ in }, nil)
        // Only so does the reason of a refused connection carry its SQLSTATE.
        unsafe PQsetErrorVerbosity(pointer, PQERRORS_VERBOSE)
    }

    deinit { unsafe PQfinish(pointer) }

    private static func withPointers(
        to texts: [[CChar]], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> OpaquePointer?
    ) -> OpaquePointer? {
        let all = texts.flatMap(\.self)
        return unsafe all.withUnsafeBufferPointer { buffer in
            var pointers: [UnsafePointer<CChar>?] = unsafe []
            var offset = 0
            for text in texts {
                unsafe pointers.append(buffer.baseAddress.map { unsafe $0 + offset })
                offset += text.count
            }
            unsafe pointers.append(nil)
            return unsafe pointers.withUnsafeBufferPointer { unsafe body($0.baseAddress) }
        }
    }

    /// What connecting waits for.
    enum Progress { case reading, writing, ready, failed }

    /// Goes on connecting. The corresponding C function is `PQconnectPoll`.
    func poll() -> Progress {
        switch unsafe PQconnectPoll(pointer) {
        case PGRES_POLLING_READING: .reading
        case PGRES_POLLING_WRITING: .writing
        case PGRES_POLLING_OK: .ready
        default: .failed
        }
    }

    /// Whether libpq believes in the connection. The corresponding C function is `PQstatus`.
    var isUsable: Bool { unsafe PQstatus(pointer) == CONNECTION_OK }
    /// Whether connecting failed. The corresponding C function is `PQstatus`.
    var isBad: Bool { unsafe PQstatus(pointer) == CONNECTION_BAD }
    /// The descriptor, below 0 when there is none. The corresponding C function is `PQsocket`.
    var socket: Int32 { unsafe PQsocket(pointer) }
    /// The last trouble in libpq's words. The corresponding C function is `PQerrorMessage`.
    var errorMessage: String { unsafe String(cString: PQerrorMessage(pointer)) }
    /// Whether something has arrived, be it the end. The corresponding C function is `poll`.
    var hasInput: Bool {
        var descriptor = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return unsafe Glibc.poll(&descriptor, 1, 0) != 0
    }
    /// Makes sends return at once. The corresponding C function is `PQsetnonblocking`.
    func setNonBlocking() -> Bool { unsafe PQsetnonblocking(pointer, 1) == 0 }

    /// Cuts the line, so that the goodbye of `deinit` cannot reach a server that may still be working for us.
    /// The corresponding C function is `shutdown`.
    func cut() { if socket >= 0 { _ = shutdown(socket, Int32(SHUT_RDWR)) } }
}
