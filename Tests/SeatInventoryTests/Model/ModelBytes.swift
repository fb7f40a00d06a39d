import BoxOffice

/// Writes the layouts of `docs/redis.md` independently of the product's codec, so that comparing them finds a mistake
/// in either.
struct ModelBytes {
    private(set) var bytes: [UInt8] = []

    /// A big-endian number of `width` bytes.
    mutating func number(_ value: Int, _ width: Int) {
        precondition(value >= 0 && (width >= 8 || value < 1 << (8 * width)), "\(value) fits \(width) bytes")
        for place in stride(from: 8 * (width - 1), through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> place))
        }
    }

    mutating func id(_ id: UUIDBytes) {
        half(id.high)
        half(id.low)
    }

    /// The id without the two bytes that all ids of a partition share.
    mutating func shortID(_ id: UUIDBytes) {
        let whole = ModelBytes.of { $0.id(id) }
        raw(Array(whole[..<6] + whole[8...]))
    }

    private mutating func half(_ half: UInt64) {
        for place in stride(from: UInt64(56), through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: half >> place))
        }
    }

    mutating func zeros(_ count: Int) {
        bytes.append(contentsOf: repeatElement(0, count: count))
    }

    mutating func raw(_ more: [UInt8]) { bytes.append(contentsOf: more) }

    mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }

    /// A text, preceded by its length in `width` bytes.
    mutating func text(_ text: String, length width: Int) {
        number(text.utf8.count, width)
        raw(text)
    }

    static func of(_ write: (inout ModelBytes) -> Void) -> [UInt8] {
        var writer = ModelBytes()
        write(&writer)
        return writer.bytes
    }
}
