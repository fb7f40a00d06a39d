import BoxOffice

extension TierCounters {
    /// Parses `capacity available held sold blocked price kind`, the first form in the event's hash.
    init?(tier: TierID, text: String) {
        self.init(tier: tier, FieldReader(text, separator: " "))
    }

    private init?(tier: TierID, _ reader: consuming FieldReader) {
        guard let capacity = reader.integer(Int.self), let available = reader.integer(Int.self),
            let held = reader.integer(Int.self), let sold = reader.integer(Int.self),
            let blocked = reader.integer(Int.self), let price = reader.integer(Int64.self),
            let kind = reader.text().flatMap(TierKind.init(rawValue:)), reader.isAtEnd
        else { return nil }
        self.init(
            tier: tier, capacity: capacity, available: available, held: held, sold: sold, blocked: blocked,
            unitAmount: price, kind: kind)
    }

    /// Parses `tier capacity …;…`, the first form in outbox entries; `nil` if one is malformed.
    static func list(_ text: ArraySlice<UInt8>) -> [TierCounters]? {
        var list: [TierCounters] = []
        guard !text.isEmpty else { return list }
        var reader = FieldReader(text, separator: ";")
        while let part = reader.next() {
            var fields = FieldReader(part, separator: " ")
            guard let tier = fields.next().flatMap(UUIDBytes.init(utf8:)),
                let counters = TierCounters(tier: TierID(tier), fields)
            else { return nil }
            list.append(counters)
        }
        return list
    }

    var text: String { "\(capacity) \(available) \(held) \(sold) \(blocked) \(unitAmount) \(kind.rawValue)" }
}
