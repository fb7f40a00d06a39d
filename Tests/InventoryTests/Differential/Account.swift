import Booking

/// What a keyspace alone says of one event: its counters and seats, next to what its bookings and blocks own.
struct Account {
    private var tiers: [String: [Int]] = [:]
    private var held: [String: Int] = [:]
    private var sold: [String: Int] = [:]
    private var totals: [String: String] = [:]
    private var users: [String: ModelTotals] = [:]
    private var holds: [String: Int] = [:]
    private var attempts: [String: Int] = [:]
    private var due: [BookingStatus: [String: Int]] = [:]
    /// The seat map by rows, and which of them are whose.
    private var rows: [[Character]] = []
    private var ranges: [(tier: String, rows: ClosedRange<Int>)] = []
    /// Seats that have an owner, and what they have to be.
    private var owned: [(seat: Int, as: Character)] = []

    /// What is not as it has to be.
    var faults: [String] {
        var faults: [String] = []
        for (tier, count) in tiers {
            if count[0] != count[1] + count[2] + count[3] + count[4] || count.contains(where: { $0 < 0 }) {
                faults.append("tier \(tier): \(count)")
            }
            if count[2] != held[tier] ?? 0 || count[3] != sold[tier] ?? 0 {
                faults.append("tier \(tier): \(count), owned \(held[tier] ?? 0) and \(sold[tier] ?? 0)")
            }
        }
        for (user, text) in totals.merging(users.mapValues { _ in "" }, uniquingKeysWith: { old, _ in old })
        where text != users[user]?.text { faults.append("\(user) has \(text), not \(users[user]?.text ?? "nothing")") }
        if holds != due[.reserved] ?? [:] { faults.append("holds \(holds), not \(due[.reserved] ?? [:])") }
        if attempts != due[.pendingPayment] ?? [:] { faults.append("attempts \(attempts)") }
        return faults + seatFaults
    }

    private var seatFaults: [String] {
        var faults: [String] = []
        var owners: [Int: Character] = [:]
        for (seat, state) in owned where owners.updateValue(state, forKey: seat) != nil {
            faults.append("seat \(seat) has two owners")
        }
        for (index, row) in rows.enumerated() {
            for (place, state) in row.enumerated() {
                let owner = owners[index * 1024 + place]
                // What was off sale when the event was published has no block.
                let isSo = owner.map { $0 == state } ?? (state == "." || state == "b")
                if !isSo { faults.append("seat \(index * 1024 + place) is \(state), its owner \(owner ?? ".")") }
            }
        }
        for (tier, range) in ranges {
            let seats = rows[range].joined()
            let counts = [".", "h", "s", "b"].map { state in seats.count { $0 == state } }
            if tiers[tier]?.dropFirst() != counts[...] { faults.append("tier \(tier) has seats \(counts)") }
        }
        return faults
    }

    /// Takes a key of the event in; bookings come by their own.
    mutating func add(_ kind: Substring, _ value: StoredValue) {
        switch (kind, value) {
        case ("e", .hash(let fields)):
            for (field, text) in fields where field.hasPrefix("t:") {
                tiers[String(field.dropFirst(2))] = text.split(separator: " ").prefix(5).compactMap { Int($0) }
            }
            for range in (fields["rows"] ?? "").split(separator: ";") {
                let part = range.split(separator: " ")
                ranges.append((String(part[0]), (Int(part[1]) ?? 0)...(Int(part[2]) ?? 0)))
            }
        case ("u", .hash(let totals)): self.totals = totals
        case ("x", .scores(let holds)): self.holds = holds
        case ("y", .scores(let attempts)): self.attempts = attempts
        case ("s", .text(let map)):
            rows = map.split(separator: "|", omittingEmptySubsequences: false).dropLast().map(Array.init)
        case ("l", .hash(let blocks)):
            for text in blocks.values {
                for seat in text.split(separator: ",", omittingEmptySubsequences: false)[2].split(separator: "+") {
                    owned.append((Int(seat) ?? -1, "b"))
                }
            }
        default: break
        }
    }

    /// Counts a booking by its record's fields.
    mutating func add(booking id: String, _ fields: [String]) {
        guard let status = BookingStatus(rawValue: fields[1]), status.isLive else { return }
        if status.isHeld { due[status, default: [:]][id] = Int(fields[status == .reserved ? 2 : 3]) }
        users[fields[10], default: ModelTotals()].bookings += 1
        for item in fields[14].split(separator: ";") {
            let parts = item.split(separator: ",", omittingEmptySubsequences: false)
            let quantity = Int(parts[1]) ?? 0
            users[fields[10], default: ModelTotals()].tickets += quantity
            if status.isHeld {
                held[String(parts[0]), default: 0] += quantity
            } else {
                sold[String(parts[0]), default: 0] += quantity
            }
            for seat in parts[3].split(separator: "+") {
                users[fields[10], default: ModelTotals()].seated.insert(id)
                owned.append((Int(seat) ?? -1, status.isHeld ? "h" : "s"))
            }
        }
    }
}
