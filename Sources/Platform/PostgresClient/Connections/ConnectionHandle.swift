import CLibpq
import Glibc

/// Owns one `PGconn` and closes it on deinit. Only `init` blocks, because it resolves names.
// SAFETY of @unchecked: created on a helper thread, handed over once, and from then on used on the loop's thread only.
@safe final class ConnectionHandle: @unchecked Sendable {
    let pointer: OpaquePointer

    /// Starts connecting. Resolves the host's name and reads files: never call it on the loop's thread. Nil if out of
    /// memory. The corresponding C function is `PQconnectStartParams`.
    init?(parameters: [(keyword: String, value: String)]) {
        let keywords = parameters.map { Array($0.keyword.utf8CString) }
        let values = parameters.map { Array($0.value.utf8CString) }
        let pointer = unsafe Self.withPointers(to: keywords) { keywords in
            unsafe Self.withPointers(to: values) { values in unsafe PQconnectStartParams(keywords, values, 1) }
        }
        guard let pointer = unsafe pointer else { return nil }
        unsafe self.pointer = pointer
        // The default receiver prints notices to stderr.
        _ = unsafe PQsetNoticeReceiver(pointer, { _, _ in }, nil)
        // Required so that the error of a refused connection contains its SQLSTATE.
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

    /// What the connection attempt waits for.
    enum Progress { case reading, writing, ready, failed }

    /// Continues connecting. The corresponding C function is `PQconnectPoll`.
    func poll() -> Progress {
        switch unsafe PQconnectPoll(pointer) {
        case PGRES_POLLING_READING: .reading
        case PGRES_POLLING_WRITING: .writing
        case PGRES_POLLING_OK: .ready
        default: .failed
        }
    }

    /// Whether libpq considers the connection alive. The corresponding C function is `PQstatus`.
    var isUsable: Bool { unsafe PQstatus(pointer) == CONNECTION_OK }
    /// Whether connecting failed. The corresponding C function is `PQstatus`.
    var isBad: Bool { unsafe PQstatus(pointer) == CONNECTION_BAD }
    /// The descriptor, or negative if there is none. The corresponding C function is `PQsocket`.
    var socket: Int32 { unsafe PQsocket(pointer) }
    /// libpq's last error message. The corresponding C function is `PQerrorMessage`.
    var errorMessage: String { unsafe String(cString: PQerrorMessage(pointer)) }
    /// Whether input, or the end of the stream, is available. The corresponding C function is `poll`.
    var hasInput: Bool {
        var descriptor = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return unsafe Glibc.poll(&descriptor, 1, 0) != 0
    }
    /// Makes sends non-blocking. The corresponding C function is `PQsetnonblocking`.
    func setNonBlocking() -> Bool { unsafe PQsetnonblocking(pointer, 1) == 0 }

    /// Shuts the socket down, so that the termination message of `deinit` cannot reach a server that may still be
    /// executing a command of this session. The corresponding C function is `shutdown`.
    func cut() { if socket >= 0 { _ = shutdown(socket, Int32(SHUT_RDWR)) } }
}
