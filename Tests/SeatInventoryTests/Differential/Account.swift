import BoxOffice

/// The state of one event, computed from the keyspace alone: its counters and seats, and the units that its bookings
/// and blocks own.
struct Account {
    private var tiers: [[UInt8]: [Int]] = [:]
    private var order: [[UInt8]] = []
    private var live = 0
    private var held: [[UInt8]: Int] = [:]
    private var sold: [[UInt8]: Int] = [:]
    private var totals: [[UInt8]: [UInt8]] = [:]
    private var users: [[UInt8]: (tickets: Int, bookings: Int, seated: Set<[UInt8]>)] = [:]
    /// Redis's indexes of holds and of attempts, by short id (lua/lib/short_ids.lua).
    private var queued: [[UInt8]: Set<Int>] = [:]
    private var others: [[UInt8]: Int] = [:]
    private var paying: [[UInt8]: Int] = [:]
    /// The holds and attempts according to the bookings.
    private var holds: [[UInt8]: Int] = [:]
    private var attempts: [[UInt8]: Int] = [:]
    /// The seat map by rows, and each tier's rows.
    private var rows: [[UInt8]] = []
    private var ranges: [(tier: Int, rows: ClosedRange<Int>)] = []
    /// Owned seats, and the state that each must have.
    private var owned: [(seat: Int, as: Character)] = []

    /// All inconsistencies.
    var faults: [String] {
        var faults: [String] = []
        for (tier, count) in tiers {
            if count[0] != count[1] + count[2] + count[3] + count[4] { faults.append("tier \(shown(tier)): \(count)") }
            if count[2] != held[tier] ?? 0 || count[3] != sold[tier] ?? 0 {
                faults.append("tier \(shown(tier)): \(count), owned \(held[tier] ?? 0) and \(sold[tier] ?? 0)")
            }
        }
        for user in Set(totals.keys).union(users.keys) where totals[user] != text(user) {
            faults.append("\(shown(user)) has \(totals[user].map(shown) ?? "nothing")")
        }
        for (id, expires) in holds
        where others[id] != expires && queued[Array(id[..<6] + id[8...])]?.contains(expires) != true {
            faults.append("no index has the hold \(shown(id)) at \(expires)")
        }
        if attempts != paying { faults.append("attempts \(attempts), not \(paying)") }
        if live != holds.count + attempts.count {
            faults.append("\(live) are live, not \(holds.count + attempts.count)")
        }
        return faults + seatFaults
    }

    private func text(_ user: [UInt8]) -> [UInt8]? {
        users[user].map { total in
            Array("\(total.tickets) \(total.bookings)".utf8) + (total.seated.isEmpty ? [] : [UInt8(ascii: " ")])
                + total.seated.sorted { $0.lexicographicallyPrecedes($1) }.joined()
        }
    }

    private var seatFaults: [String] {
        var faults: [String] = []
        var owners: [Int: Character] = [:]
        for (seat, state) in owned where owners.updateValue(state, forKey: seat) != nil {
            faults.append("seat \(seat) has two owners")
        }
        for (index, row) in rows.enumerated() {
            for (place, byte) in row.enumerated() {
                let (state, owner) = (Character(UnicodeScalar(byte)), owners[index * 1024 + place])
                // Seats that were off sale at publication have no block.
                let isSo = owner.map { $0 == state } ?? (state == "." || state == "b")
                if !isSo { faults.append("seat \(index * 1024 + place) is \(state), its owner \(owner ?? ".")") }
            }
        }
        for (tier, range) in ranges {
            let seats = rows[range].joined()
            let counts = ".hsb".utf8.map { state in seats.count { $0 == state } }
            if tiers[order[tier - 1]]?.dropFirst() != counts[...] {
                faults.append("tier \(shown(order[tier - 1])) has seats \(counts)")
            }
        }
        return faults
    }

    /// Adds a key of the event; bookings are added separately.
    mutating func add(_ kind: String, _ value: StoredValue) {
        switch (kind, value) {
        case ("e", .hash(let fields)): add(fields)
        case ("q", .list(let elements)):
            for element in elements {
                var reader = ByteReader(element)
                let expires = reader.number(6)
                while !reader.isAtEnd { queued[reader.take(14), default: []].insert(expires) }
            }
        case ("x", .scores(let others)): self.others = others
        case ("y", .scores(let paying)): self.paying = paying
        case ("s", .bytes(let map)):
            rows = map.split(separator: UInt8(ascii: "|"), omittingEmptySubsequences: false).dropLast().map(Array.init)
        case ("l", .hash(let blocks)):
            for block in blocks.values {
                var reader = ByteReader(block)
                _ = reader.take(20)
                while !reader.isAtEnd { owned.append((reader.number(3), "b")) }
            }
        default: break
        }
    }

    private mutating func add(_ fields: [[UInt8]: [UInt8]]) {
        for (field, value) in fields where field.first == UInt8(ascii: "t") {
            var reader = ByteReader(value)
            tiers[Array(field.dropFirst())] = (0..<5).map { _ in reader.number(4) }
        }
        for (field, value) in fields where field.first == UInt8(ascii: "u") {
            totals[Array(field.dropFirst())] = Self.withoutKeys(value)
        }
        let ids = fields[Array("o".utf8)] ?? []
        order = stride(from: 0, to: ids.count, by: 16).map { Array(ids[$0..<$0 + 16]) }
        var numbers = ByteReader(fields[Array("n".utf8)] ?? [])
        _ = numbers.take(24)
        live = numbers.number(4)
        let policy = String(decoding: (fields[Array("p".utf8)] ?? []).dropFirst(16), as: UTF8.self)
        for range in policy.split(separator: "|", omittingEmptySubsequences: false)[9].split(separator: ";") {
            let part = range.split(separator: " ").compactMap { Int($0) }
            ranges.append((part[0], part[1]...part[2]))
        }
    }

    /// Totals without `;` and the key counts.
    private static func withoutKeys(_ totals: [UInt8]) -> [UInt8] {
        let numbers = totals.prefix { $0 != UInt8(ascii: ";") }
        let ids = totals.dropFirst(numbers.count).drop { $0 != UInt8(ascii: " ") }
        // A semicolon may also be a byte of an id.
        return numbers.count { $0 == UInt8(ascii: " ") } > 1 ? totals : Array(numbers + ids)
    }

    /// Adds a booking.
    mutating func add(_ id: [UInt8], _ booking: BookingText) {
        guard booking.isLive else { return }
        if booking.status == 1 { holds[id] = booking.expires }
        if booking.status == 2 { attempts[id] = booking.deadline }
        var total = users[booking.user] ?? (0, 0, [])
        total.bookings += 1
        for line in booking.lines {
            total.tickets += line.quantity
            if booking.isHeld {
                held[line.tier, default: 0] += line.quantity
            } else {
                sold[line.tier, default: 0] += line.quantity
            }
            for seat in line.seats { owned.append((seat, booking.isHeld ? "h" : "s")) }
            if !line.seats.isEmpty { total.seated.insert(id) }
        }
        users[booking.user] = total
    }
}
