import RedisClient

/// Redis's memory, in bytes.
package struct MemoryUse: Sendable {
    /// Memory in use.
    package let used: Int64
    /// The limit (`maxmemory`); `nil` if there is none.
    package let maximum: Int64?
    /// The machine's memory; 0 if Redis does not report it.
    package let machine: Int64
}

extension Inventory {
    /// Reads Redis's memory use; `nil` if Redis does not report it.
    package func memory() async throws(InventoryError) -> MemoryUse? {
        var numbers: [Substring: Int64] = [:]
        for line in try await command(["INFO", "memory"]).string?.split(whereSeparator: \.isNewline) ?? [] {
            let pair = line.split(separator: ":")
            if pair.count == 2 { numbers[pair[0]] = Int64(pair[1]) }
        }
        guard let used = numbers["used_memory"] else { return nil }
        let maximum = numbers["maxmemory"] ?? 0
        return MemoryUse(
            used: used, maximum: maximum > 0 ? maximum : nil, machine: numbers["total_system_memory"] ?? 0)
    }
}
