import RedisClient

/// The value of one key.
enum StoredValue: Equatable, CustomStringConvertible {
    case bytes([UInt8])
    case hash([[UInt8]: [UInt8]])
    case scores([[UInt8]: Int])
    case list([[UInt8]])
    /// A stream; its entries are compared separately.
    case stream

    /// The command that reads a key, chosen by the kind of its name.
    static func reading(_ key: [UInt8]) -> [[UInt8]] {
        let words: (before: [String], after: [String]) =
            switch kind(key) {
            case "meta", "known", "e", "l", "d": (["HGETALL"], [])
            case "due", "x", "y": (["ZRANGE"], ["0", "-1", "WITHSCORES"])
            case "q": (["LRANGE"], ["0", "-1"])
            case "outbox": (["EXISTS"], [])
            default: (["GET"], [])
            }
        return words.before.map { Array($0.utf8) } + [key] + words.after.map { Array($0.utf8) }
    }

    /// The commands that write the value.
    func writing(_ key: [UInt8]) -> [[[UInt8]]] {
        func command(_ name: String, _ rest: [[UInt8]]) -> [[UInt8]] { [Array(name.utf8), key] + rest }
        return switch self {
        case .bytes(let bytes): [command("SET", [bytes])]
        case .hash(let fields): [command("HSET", fields.flatMap { [$0.key, $0.value] })]
        case .scores(let scores): [command("ZADD", scores.flatMap { [Array(String($0.value).utf8), $0.key] })]
        case .list(let elements): [command("RPUSH", elements)]
        case .stream:
            [command("XADD", ["1-1", "h", ""].map { Array($0.utf8) }), command("XDEL", [Array("1-1".utf8)])]
        }
    }

    /// Parses the reply to `reading`; nil if the key does not exist.
    init?(_ key: [UInt8], _ reply: RedisValue) {
        switch Self.kind(key) {
        case "e":
            guard var pairs = Self.pairs(reply) else { return nil }
            for (field, totals) in pairs where field.first == UInt8(ascii: "u") { pairs[field] = Self.sorted(totals) }
            self = .hash(pairs)
        case "meta":
            guard var pairs = Self.pairs(reply) else { return nil }
            // Whether the outbox reaches back to the cursor depends on Redis's clock.
            pairs[Array("trimmed".utf8)] = nil
            self = .hash(pairs)
        case "known", "l", "d":
            guard let pairs = Self.pairs(reply) else { return nil }
            self = .hash(pairs)
        case "due", "x", "y":
            guard let pairs = Self.pairs(reply) else { return nil }
            self = .scores(pairs.mapValues { Int(String(decoding: $0, as: UTF8.self)) ?? -1 })
        case "q":
            guard let elements = reply.array, !elements.isEmpty else { return nil }
            self = .list(elements.map { $0.bytes ?? [] })
        case "outbox":
            guard reply == .integer(1) else { return nil }
            self = .stream
        default:
            guard let bytes = reply.bytes else { return nil }
            self = .bytes(bytes)
        }
    }

    /// The part of the name after the partition's tag, up to the next colon.
    static func kind(_ key: [UInt8]) -> String {
        guard let start = key.firstIndex(of: UInt8(ascii: ":")) else { return "" }
        return String(decoding: key[(start + 1)...].prefix { $0 != UInt8(ascii: ":") }, as: UTF8.self)
    }

    /// A user's totals, with the booking ids sorted, since their order is not fixed.
    private static func sorted(_ bytes: [UInt8]) -> [UInt8] {
        let space = UInt8(ascii: " ")
        guard let first = bytes.firstIndex(of: space), let second = bytes[(first + 1)...].firstIndex(of: space) else {
            return bytes
        }
        let ids = bytes[(second + 1)...]
        let sorted = stride(from: ids.startIndex, to: ids.endIndex, by: 16).map { ids[$0..<min($0 + 16, ids.endIndex)] }
            .sorted { $0.lexicographicallyPrecedes($1) }
        return Array(bytes[...second]) + sorted.joined()
    }

    private static func pairs(_ reply: RedisValue) -> [[UInt8]: [UInt8]]? {
        guard let parts = reply.array, !parts.isEmpty else { return nil }
        var pairs: [[UInt8]: [UInt8]] = [:]
        for index in stride(from: 0, to: parts.count - 1, by: 2) {
            pairs[parts[index].bytes ?? []] = parts[index + 1].bytes
        }
        return pairs
    }

    var description: String {
        switch self {
        case .bytes(let bytes): shown(bytes)
        case .hash(let fields):
            fields.map { "\(shown($0.key)) = \(shown($0.value))" }.sorted().joined(separator: "\n    ")
        case .scores(let scores): scores.map { "\(shown($0.key)) = \($0.value)" }.sorted().joined(separator: ", ")
        case .list(let elements): elements.map(shown).joined(separator: "\n    ")
        case .stream: "a stream"
        }
    }
}
