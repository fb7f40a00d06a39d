/// A share of all events: all its keys have one hash tag, and its outbox is persisted in order.
package struct Partition: Hashable, Sendable, Comparable {
    /// From 0, below the number of partitions; at most 4,095, because a booking id has 12 bits for it.
    package let number: UInt16

    /// The largest number of partitions.
    package static let maximumCount = 4096

    package init(_ number: UInt16) {
        precondition(number < Self.maximumCount, "a partition's number has 12 bits")
        self.number = number
    }

    /// The partition of an event: CRC-32C (RFC 3720, appendix B.4) of the id's 16 bytes, modulo the number of
    /// partitions.
    ///
    /// - Parameter count: the number of partitions, 1 to 4,096, fixed once data exists.
    package init(of event: EventID, count: Int) {
        precondition((1...Self.maximumCount).contains(count), "1 to 4,096 partitions")
        self.init(UInt16(Int(crc32c(event.uuid)) % count))
    }

    package static func < (left: Partition, right: Partition) -> Bool { left.number < right.number }
}

/// CRC-32C (Castagnoli) of `bytes`: the same in every process, unlike Swift's `Hasher`. RFC 3720, appendix B.4.
package func crc32c(_ bytes: [UInt8]) -> UInt32 {
    var crc: UInt32 = 0xffff_ffff
    for byte in bytes {
        crc = crcTable[Int((crc ^ UInt32(byte)) & 0xff)] ^ crc >> 8
    }
    return ~crc
}

/// CRC-32C of an id's 16 bytes, without allocating an array: every claim computes it.
private func crc32c(_ id: UUIDBytes) -> UInt32 {
    crcTable.withUnsafeBufferPointer { table in
        var crc: UInt32 = 0xffff_ffff
        func take(_ word: UInt64) {
            var rest = word.byteSwapped
            for _ in 0..<8 {
                crc = table[Int((crc ^ UInt32(truncatingIfNeeded: rest)) & 0xff)] ^ crc >> 8
                rest >>= 8
            }
        }
        take(id.high)
        take(id.low)
        return ~crc
    }
}

private let crcTable: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? 0x82f6_3b78 ^ value >> 1 : value >> 1 }
}
