import Loops
import Text

/// Output that the client has not read yet, with its deadline.
struct OutputQueue {
    private var bytes: [UInt8] = []
    private var sent = 0
    /// How many bytes must have been sent by the deadline.
    private var due = 0
    /// In monotonic nanoseconds; set only while the socket is full.
    private(set) var deadline = Int64.max

    /// Largest buffer that an idle connection keeps.
    private static let keptCapacity = 2048
    /// Sent bytes are removed from the front if there are at least this many and more than unsent ones.
    private static let dropBytes = 64 * 1024

    /// How many bytes are unsent.
    var count: Int { bytes.count - sent }
    var isEmpty: Bool { count == 0 }

    mutating func append(_ write: (inout [UInt8]) -> Void) { write(&bytes) }

    /// Appends a plain response; see `HTTPResponse.isPlain`.
    mutating func append(plain response: HTTPResponse, _ requestID: HexText, date: [UInt8], lines: [UInt8]) {
        response.writePlain(to: &bytes, requestID, date: date, lines: lines)
    }

    /// Writes as much as the socket takes; false if the connection is lost.
    mutating func flush(to descriptor: Int32, within time: Duration) -> Bool {
        let written = unsafe bytes.withUnsafeBytes { bytes in
            unsafe Socket.write(descriptor, UnsafeRawBufferPointer(rebasing: bytes[sent...]))
        }
        guard written >= 0 else { return false }
        sent += written
        due -= written
        if isEmpty {
            bytes.removeAll(keepingCapacity: bytes.capacity <= Self.keptCapacity)
            sent = 0
            due = 0
            deadline = .max
            return true
        }
        if due <= 0 {
            // A client that reads steadily is not cut just because more output keeps coming.
            due = count
            deadline = monotonicNanoseconds() + time.nanoseconds
        }
        if sent >= Self.dropBytes, sent > count {
            bytes.removeSubrange(..<sent)
            sent = 0
        }
        return true
    }
}
