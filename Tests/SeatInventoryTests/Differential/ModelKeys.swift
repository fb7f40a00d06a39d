import BoxOffice

/// The keys of `docs/redis.md`, written independently, so that a function that writes elsewhere is found.
enum ModelKeys {
    static func meta(_ partition: Int) -> [UInt8] { key(partition, "meta") }
    static func outbox(_ partition: Int) -> [UInt8] { key(partition, "outbox") }
    static func due(_ partition: Int) -> [UInt8] { key(partition, "due") }
    static func known(_ partition: Int) -> [UInt8] { key(partition, "known") }
    static func event(_ partition: Int, _ event: UUIDBytes) -> [UInt8] { key(partition, "e:\(event)") }
    static func queue(_ partition: Int, _ event: UUIDBytes) -> [UInt8] { key(partition, "q:\(event)") }
    static func others(_ partition: Int, _ event: UUIDBytes) -> [UInt8] { key(partition, "x:\(event)") }
    static func paying(_ partition: Int, _ event: UUIDBytes) -> [UInt8] { key(partition, "y:\(event)") }
    static func seatMap(_ partition: Int, _ event: UUIDBytes) -> [UInt8] { key(partition, "s:\(event)") }
    static func longestRuns(_ partition: Int, _ event: UUIDBytes) -> [UInt8] { key(partition, "r:\(event)") }
    static func offsets(_ partition: Int, _ event: UUIDBytes) -> [UInt8] { key(partition, "o:\(event)") }
    static func blocks(_ partition: Int, _ event: UUIDBytes) -> [UInt8] { key(partition, "l:\(event)") }
    static func usedKeys(_ partition: Int, _ event: UUIDBytes, _ day: Int) -> [UInt8] {
        key(partition, "d:\(event):\(day)")
    }
    static func booking(_ partition: Int, _ booking: UUIDBytes) -> [UInt8] { key(partition, "b:", booking) }
    static func record(_ partition: Int, _ digest: UUIDBytes) -> [UInt8] { key(partition, "i:", digest) }

    private static func key(_ partition: Int, _ name: String, _ id: UUIDBytes? = nil) -> [UInt8] {
        ModelBytes.of { writer in
            writer.raw("{p\(partition)}:\(name)")
            if let id { writer.id(id) }
        }
    }
}

/// Bytes as a report shows them.
func shown(_ bytes: [UInt8]) -> String {
    bytes.map { byte in
        byte >= 0x20 && byte < 0x7f && byte != UInt8(ascii: "\\")
            ? String(UnicodeScalar(byte)) : "\\" + String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
    }.joined()
}
