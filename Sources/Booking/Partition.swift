/// One share of the events: all its keys carry one hash tag, and its outbox is written down in order.
public struct Partition: Hashable, Sendable, Comparable {
    /// 0 up to the number of partitions; below 4,096, because a booking id has 12 bits for it.
    public let number: UInt16

    /// The largest number of partitions.
    public static let maximumCount = 4096

    /// The partition of this number.
    public init(_ number: UInt16) {
        precondition(number < Self.maximumCount, "a partition's number has 12 bits")
        self.number = number
    }

    /// Where an event lives: CRC-32C (RFC 3720, appendix B.4) of the id's 16 bytes, modulo the number of partitions.
    ///
    /// - Parameter count: the number of partitions, 1 to 4,096, fixed once data exists.
    public init(of event: EventID, count: Int) {
        precondition((1...Self.maximumCount).contains(count), "1 to 4,096 partitions")
        self.init(UInt16(Int(crc32c(event.uuid)) % count))
    }

    /// Lower numbers first.
    public static func < (left: Partition, right: Partition) -> Bool { left.number < right.number }
}

/// CRC-32C (Castagnoli) of `bytes`: stable over processes, which Swift's `Hasher` is not. RFC 3720, appendix B.4.
public func crc32c(_ bytes: [UInt8]) -> UInt32 {
    var crc: UInt32 = 0xffff_ffff
    for byte in bytes {
        crc = crcTable[Int((crc ^ UInt32(byte)) & 0xff)] ^ crc >> 8
    }
    return ~crc
}

/// The same of an id's 16 bytes, without an array of them: each claim needs it.
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
