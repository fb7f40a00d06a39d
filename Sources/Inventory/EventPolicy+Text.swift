public import Booking

extension EventPolicy {
    /// What an event's hash in Redis says of how it is sold: the fields' names, and texts that are empty for none.
    ///
    /// `lua/load_event.lua` and `lua/update_event.lua` take the first seven in this order.
    public var terms: [(name: String, text: String)] {
        func text(_ value: Int64?) -> String { value.map { String($0) } ?? "" }
        return [
            ("status", isCancelled ? "cancelled" : "published"), ("opens", text(opensAt)), ("closes", text(closesAt)),
            ("cancel", text(cancelUntil)), ("hold", String(holdMilliseconds)),
            ("maxt", text(maxTicketsPerUser.map { Int64($0) })), ("maxb", text(maxBookingsPerUser.map { Int64($0) })),
            ("currency", currency),
        ]
    }

    /// Those that `update_event` takes: a currency never changes.
    var changeableTerms: [String] { terms.dropLast().map(\.text) }
}
