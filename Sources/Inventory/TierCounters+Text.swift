import Booking

extension TierCounters {
    /// Reads `capacity available held sold blocked price kind`, as the event's hash has it.
    init?(tier: TierID, text: Substring) {
        let part = text.split(separator: " ")
        guard part.count == 7, let capacity = Int(part[0]), let available = Int(part[1]), let held = Int(part[2]),
            let sold = Int(part[3]), let blocked = Int(part[4]), let price = Int64(part[5]),
            let kind = TierKind(rawValue: String(part[6]))
        else { return nil }
        self.init(
            tier: tier, capacity: capacity, available: available, held: held, sold: sold, blocked: blocked,
            unitAmount: price, kind: kind)
    }

    /// Reads `tier capacity …`, as outbox entries have it.
    init?(text: Substring) {
        guard let space = text.firstIndex(of: " "), let tier = TierID(text[..<space]) else { return nil }
        self.init(tier: tier, text: text[text.index(after: space)...])
    }

    var text: String { "\(capacity) \(available) \(held) \(sold) \(blocked) \(unitAmount) \(kind.rawValue)" }
}
