import BoxOffice

/// An event's data in Redis, byte by byte.
extension ModelEvent {
    /// The event's hash without the hints, which are checked against what they promise.
    var fields: [[UInt8]: [UInt8]] {
        var fields: [[UInt8]: [UInt8]] = [
            Array("p".utf8): policyBytes, Array("n".utf8): numbers,
            Array("o".utf8): ModelBytes.of { writer in for tier in tiers { writer.id(tier.id) } },
        ]
        for tier in tiers {
            let field = ModelBytes.of { writer in
                writer.raw("t")
                writer.id(tier.id)
            }
            fields[field] = tier.bytes
        }
        for (user, total) in totals { fields[Array("u\(user)".utf8)] = total.bytes(keys.claims[user]) }
        return fields
    }

    private var policyBytes: [UInt8] {
        let text = [policy.terms, policy.currency, epoch == 0 ? "closed" : String(epoch), ranges]
        return ModelBytes.of { writer in
            writer.id(id)
            writer.raw(text.joined(separator: "|"))
        }
    }

    /// The rows of each tier: `place first last;…`, places counted from 1.
    var ranges: String {
        let ranges = tiers.indices.compactMap { tier -> (first: Int, text: String)? in
            guard let first = rows.firstIndex(where: { $0.tier == tiers[tier].id }),
                let last = rows.lastIndex(where: { $0.tier == tiers[tier].id })
            else { return nil }
            return (first, "\(tier + 1) \(first) \(last)")
        }
        return ranges.sorted { $0.first < $1.first }.map(\.text).joined(separator: ";")
    }

    private var numbers: [UInt8] {
        ModelBytes.of { writer in
            writer.number(sequence, 6)
            writer.number(clock, 6)
            writer.number(index.next ?? 0, 6)
            writer.number(index.tail, 6)
            writer.number(holds.count + attempts.count, 4)
            writer.number(keys.last, 3)
            writer.number(keys.hasBefore ? 1 : 0, 1)
        }
    }

    /// The seat map, the longest free run of each row, and the offset of each row.
    var map: [UInt8] { rows.flatMap { $0.bytes + [UInt8(ascii: "|")] } }

    var runs: [UInt8] { rows.map { UInt8(128 + min($0.longestRun, 127)) } }

    var offsets: [UInt8] {
        var offsets = [0]
        for row in rows { offsets.append((offsets.last ?? 0) + row.seats.count + 1) }
        return ModelBytes.of { writer in for offset in offsets { writer.number(offset, 3) } }
    }

    /// The error in a tier's hints; nil if they are valid. A hint promises that no row before it has a free run of that
    /// length; it may be lower than necessary.
    func fault(ofHints bytes: [UInt8], tier: UUIDBytes) -> String? {
        let own = rows.filter { $0.tier == tier }
        guard bytes.count == 32, !own.isEmpty else { return "\(bytes.count) bytes" }
        for length in 1...16 {
            let hint = Int(bytes[2 * length - 2]) << 8 | Int(bytes[2 * length - 1])
            // One past the last row means none.
            guard hint <= own.count else { return "row \(hint) for \(length), of \(own.count) rows" }
            if let row = own.prefix(hint).firstIndex(where: { $0.longestRun >= length }) {
                return "none of \(length) before row \(hint), but row \(row) has one"
            }
        }
        return nil
    }
}

extension ModelPolicy {
    /// The policy's fields from status to limits.
    var terms: String {
        func optional(_ value: Int?) -> String { value.map(String.init) ?? "" }
        return [
            isCancelled ? "cancelled" : "published", optional(opens), optional(closes), optional(cancels), String(hold),
            optional(maxTickets), optional(maxBookings),
        ].joined(separator: "|")
    }
}

extension ModelTier {
    var bytes: [UInt8] {
        ModelBytes.of { writer in
            for count in [capacity, available, held, sold, blocked] { writer.number(count, 4) }
            writer.number(price, 6)
            writer.raw(kind == .seated ? "s" : "g")
        }
    }
}

extension ModelTotals {
    /// The totals, with the bookings' ids in one possible order, and with the keys that the user's claims used
    /// recently.
    func bytes(_ claims: ModelKeyDays.Claims?) -> [UInt8] {
        ModelBytes.of { writer in
            writer.raw("\(tickets) \(bookings)")
            if let claims, claims.keys + claims.before > 0 {
                writer.raw(";\(claims.day),\(claims.keys)" + (claims.before > 0 ? ",\(claims.before)" : ""))
            }
            if !seated.isEmpty { writer.raw(" ") }
            for id in seated.sorted() { writer.id(id) }
        }
    }
}

extension ModelBlock {
    /// The value in the event's blocks.
    var bytes: [UInt8] {
        ModelBytes.of { writer in
            writer.id(tier)
            writer.number(quantity, 4)
            for seat in seats { writer.number(seat, 3) }
        }
    }

    /// The bytes in an entry.
    func noted(_ id: UUIDBytes) -> [UInt8] {
        ModelBytes.of { writer in
            writer.id(id)
            writer.id(tier)
            writer.number(quantity, 4)
            writer.number(seats.count, 2)
            for seat in seats { writer.number(seat, 3) }
        }
    }
}

extension ModelIndex.Element {
    var bytes: [UInt8] {
        ModelBytes.of { writer in
            writer.number(expires, 6)
            for id in ids { writer.shortID(id) }
        }
    }
}

extension ModelKeyDays.Day {
    var fields: [[UInt8]: [UInt8]] {
        var fields: [[UInt8]: [UInt8]] = [:]
        for (key, booking) in ids {
            fields[
                ModelBytes.of {
                    $0.number(Int(truncatingIfNeeded: key >> 32), 4); $0.number(Int(key & 0xffff_ffff), 4)
                }] =
                ModelBytes.of { $0.shortID(booking) }
        }
        for (user, count) in counts { fields[Array(user.utf8)] = Array(String(count).utf8) }
        return fields
    }
}
