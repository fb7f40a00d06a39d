import EventLoop
import Text

/// Bytes that wait for the client to read, and how long they may.
struct OutputQueue {
    private var bytes: [UInt8] = []
    private var sent = 0
    /// So many bytes must be gone at the deadline.
    private var due = 0
    /// In monotonic nanoseconds; only while the socket is full.
    private(set) var deadline = Int64.max

    /// An idle connection keeps no larger buffer than this.
    private static let keptCapacity = 2048
    /// Sent bytes are dropped from the front when they are this many, and more than those that wait.
    private static let dropBytes = 64 * 1024

    /// How many bytes wait.
    var count: Int { bytes.count - sent }
    var isEmpty: Bool { count == 0 }

    mutating func append(_ write: (inout [UInt8]) -> Void) { write(&bytes) }

    /// Appends a plain answer; see `HTTPResponse.isPlain`.
    mutating func append(plain response: HTTPResponse, _ requestID: HexText, date: [UInt8], lines: [UInt8]) {
        response.writePlain(to: &bytes, requestID, date: date, lines: lines)
    }

    /// Writes what fits; false when the connection is lost.
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
            // A client that reads steadily is not cut because more is always coming.
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
