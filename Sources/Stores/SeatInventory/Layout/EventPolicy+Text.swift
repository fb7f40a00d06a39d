package import BoxOffice

extension EventPolicy {
    /// The terms of sale in an event's policy in Redis: the fields' names, and texts that are empty for none.
    ///
    /// The policy's text has them in this order (`lua/lib/event.lua`).
    package var terms: [(name: String, text: String)] {
        func text(_ value: Int64?) -> String { value.map { String($0) } ?? "" }
        let texts = [
            isCancelled ? "cancelled" : "published", text(opensAt), text(closesAt), text(cancelUntil),
            String(holdMilliseconds), text(maxTicketsPerUser.map { Int64($0) }),
            text(maxBookingsPerUser.map { Int64($0) }), currency,
        ]
        return Array(zip(Self.termNames, texts)).map { ($0, $1) }
    }

    static let termNames = ["status", "opens", "closes", "cancel", "hold", "maxt", "maxb", "currency"]

    /// All terms, as `load_event` takes them.
    var termsText: String { terms.map(\.text).joined(separator: "|") }

    /// The terms that `update_event` takes: the currency never changes.
    var changeableTermsText: String { terms.dropLast().map(\.text).joined(separator: "|") }

    /// The tiers sold by seat and their rows, each tier by its place in creation order: `place first last;…`
    /// (`lua/lib/rows.lua`).
    var rowsText: String {
        guard let seats else { return "" }
        return tiers.enumerated().compactMap { index, tier in
            seats.map.rows(of: tier.tier).map { "\(index + 1) \($0.lowerBound) \($0.upperBound)" }
        }.joined(separator: ";")
    }
}

/// An event's policy as stored in Redis: the event's 16 bytes, then
/// `status|opens|closes|cancel|hold|maxt|maxb|currency|epoch|rows`.
struct StoredPolicy {
    /// The terms of sale, by the names of `EventPolicy.terms`.
    let terms: [String: String]
    /// The epoch under which it was loaded; `closed` after a failure half-way.
    let epoch: String

    /// Parses a policy; `nil` if it is malformed.
    init?(_ bytes: [UInt8]) {
        var reader = FieldReader(bytes.dropFirst(16), separator: "|")
        var terms: [String: String] = [:]
        for name in EventPolicy.termNames {
            guard let text = reader.text() else { return nil }
            terms[name] = text
        }
        guard let epoch = reader.text(), reader.text() != nil, reader.isAtEnd else { return nil }
        self.terms = terms
        self.epoch = epoch
    }
}
