import BoxOffice
import RedisClient

/// An event's hash in Redis, in any form, as a salvage reads it.
struct StoredEvent {
    /// The epoch under which it was loaded.
    let epoch: Int64
    let tiers: [TierCounters]

    /// Parses the reply to HGETALL of an event in the first form; `nil` if the event does not exist.
    init?(firstForm reply: RedisValue) {
        let list = reply.array ?? []
        var fields: [[UInt8]: [UInt8]] = [:]
        for index in stride(from: 0, to: list.count - 1, by: 2) {
            fields[list[index].bytes ?? []] = list[index + 1].bytes ?? []
        }
        guard let text = fields[Array("epoch".utf8)], let epoch = Int64(decimal: text[...]) else { return nil }
        self.init(epoch: epoch, tiers: fields.compactMap(Self.firstFormTier))
    }

    /// An event by its policy and its tiers; `nil` if it was left half written.
    init?(policy: [UInt8], tiers: [TierCounters]) {
        guard let epoch = StoredPolicy(policy).flatMap({ Int64($0.epoch) }) else { return nil }
        self.init(epoch: epoch, tiers: tiers)
    }

    private init(epoch: Int64, tiers: [TierCounters]) {
        self.epoch = epoch
        self.tiers = tiers
    }

    /// `t:` and the tier's 36 characters.
    private static func firstFormTier(_ name: [UInt8], _ value: [UInt8]) -> TierCounters? {
        guard name.starts(with: "t:".utf8), let tier = UUIDBytes(utf8: name[2...]) else { return nil }
        return TierCounters(tier: TierID(tier), text: String(decoding: value, as: UTF8.self))
    }
}

extension Block {
    /// Parses a field of an event's blocks, in any form; `nil` if it is malformed.
    init?(field name: [UInt8], _ value: [UInt8]) {
        if name.count == 16 {
            var reader = ByteReader(name[...])
            self.init(id: BlockID(reader.uuid()), bytes: value)
        } else {
            guard let id = UUIDBytes(utf8: name[...]) else { return nil }
            self.init(id: BlockID(id), text: String(decoding: value, as: UTF8.self))
        }
    }

    /// Parses the reply to HGETALL of an event's blocks; malformed ones are left out.
    static func list(_ reply: RedisValue) -> [Block] {
        let fields = reply.array ?? []
        return stride(from: 0, to: fields.count - 1, by: 2).compactMap { index in
            Block(field: fields[index].bytes ?? [], fields[index + 1].bytes ?? [])
        }
    }
}
