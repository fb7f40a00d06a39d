import RedisClient

/// How much memory Redis uses, bytes.
public struct MemoryUse: Sendable {
    /// What it uses.
    public let used: Int64
    /// What it may use at most (`maxmemory`); `nil` when nothing bounds it.
    public let maximum: Int64?
    /// What its machine has; 0 when it does not say.
    public let machine: Int64
}

extension Inventory {
    /// What Redis says of its memory; `nil` when it does not.
    public func memory() async throws(InventoryError) -> MemoryUse? {
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
