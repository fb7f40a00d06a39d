import RedisClient

/// What one key holds.
enum StoredValue: Equatable {
    case text(String)
    case hash([String: String])
    case scores([String: Int])
    case bytes([UInt8])

    /// The command that reads a key, by the kind of its name.
    static func reading(_ key: String) -> [String] {
        switch kind(key) {
        case "meta", "e", "u", "l": ["HGETALL", key]
        case "due", "x", "y": ["ZRANGE", key, "0", "-1", "WITHSCORES"]
        case "outbox": ["EXISTS", key]
        default: ["GET", key]
        }
    }

    /// What `reading` was answered with; nil when the key is not there.
    init?(_ key: String, _ reply: RedisValue) {
        switch Self.kind(key) {
        case "u":
            // The ids of a user's bookings come in any order.
            guard let pairs = Self.pairs(reply) else { return nil }
            self = .hash(
                pairs.mapValues { text in
                    let parts = text.split(separator: " ")
                    return (parts.prefix(2) + parts.dropFirst(2).sorted()).joined(separator: " ")
                })
        case "r", "o":
            guard let bytes = reply.bytes else { return nil }
            self = .bytes(bytes)
        case "meta", "e", "l":
            guard var pairs = Self.pairs(reply) else { return nil }
            // Whether the outbox reaches back to the cursor depends on Redis's clock.
            pairs["trimmed"] = nil
            self = .hash(pairs)
        case "due", "x", "y":
            guard let pairs = Self.pairs(reply) else { return nil }
            self = .scores(pairs.mapValues { Int($0) ?? -1 })
        case "outbox":
            guard reply == .integer(1) else { return nil }
            self = .text("")
        default:
            guard let text = reply.string else { return nil }
            self = .text(text)
        }
    }

    /// What follows the partition's tag, up to the next colon.
    static func kind(_ key: String) -> Substring {
        key.split(separator: ":", maxSplits: 2).dropFirst().first ?? ""
    }

    private static func pairs(_ reply: RedisValue) -> [String: String]? {
        guard let parts = reply.array, !parts.isEmpty else { return nil }
        var pairs: [String: String] = [:]
        for index in stride(from: 0, to: parts.count - 1, by: 2) {
            pairs[parts[index].string ?? ""] = parts[index + 1].string
        }
        return pairs
    }
}
