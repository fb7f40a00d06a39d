import BoxOffice
import Glibc

/// An error of the ledger file.
package struct LedgerError: Error, Sendable, CustomStringConvertible {
    /// A description in one sentence.
    package let description: String
}

/// The provider's ledger: in memory and in a file, which is synced to disk before each response. Used on one loop,
/// which writes block.
final class Ledger {
    private let descriptor: Int32
    private var size: Int
    private(set) var charges: [PaymentID: Charge] = [:]
    /// Keys in the order in which charges were made.
    private(set) var order: [PaymentID] = []

    /// Opens or creates the file. Truncates an incomplete last line, which was never acknowledged.
    init(path: String) throws(LedgerError) {
        descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw LedgerError(description: "The ledger \(path) cannot be opened.") }
        size = 0
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw LedgerError(description: "The ledger \(path) belongs to another provider that is running.")
        }
        let bytes = readAll()
        let whole = bytes.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        for (index, line) in bytes[..<whole].split(separator: UInt8(ascii: "\n")).enumerated() {
            guard let line = LedgerLine(String(decoding: line, as: UTF8.self)[...]) else {
                throw LedgerError(description: "The ledger \(path) is damaged in line \(index + 1).")
            }
            apply(line)
        }
        size = whole
        guard ftruncate(descriptor, size) == 0 else {
            throw LedgerError(description: "The ledger \(path) is not writable.")
        }
    }

    deinit { close(descriptor) }

    private func readAll() -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return bytes }
            bytes += chunk[..<count]
        }
    }

    /// Appends a line and syncs it to disk before returning.
    func book(_ line: LedgerLine) throws(LedgerError) {
        let bytes = Array((line.text + "\n").utf8)
        guard write(descriptor, bytes, bytes.count) == bytes.count, fdatasync(descriptor) == 0 else {
            // Remove a partial write, so that it does not corrupt the next line.
            ftruncate(descriptor, size)
            throw LedgerError(description: "The ledger cannot be written.")
        }
        size += bytes.count
        apply(line)
    }

    private func apply(_ line: LedgerLine) {
        switch line {
        case .charge(let charge):
            guard charges[charge.key] == nil else { return }
            charges[charge.key] = charge
            order.append(charge.key)
        case .refund(let key, let to):
            charges[key]?.refunded = to
            charges[key]?.refunds += 1
        case .told(let key):
            charges[key]?.isTold = true
        }
    }
}
