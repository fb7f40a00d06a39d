/// The eleven invariants of the fault suite (`docs/threat-model.md`), checked from outside: in the stores, the
/// provider's ledger and the customers' journal.
struct Invariants {
    let venue: Venue
    let entries: [Journal.Entry]
    let cancelled: Set<String>
    let schedule: Schedule

    /// Whether Redis may have lost writes that it had acknowledged.
    private var losesWrites: Bool { schedule.losesWrites }

    private var told: [(entry: Journal.Entry, told: Journal.Told)] {
        entries.compactMap { entry in entry.booking.map { (entry, $0) } }
    }

    // MARK: - What must hold eventually

    /// What is not at rest yet; must become empty within a while after the healing.
    func open(_ books: Books) -> [String] {
        unwritten(books) + money(books) + holds(books) + counters(books)
    }

    /// I2, I9: every answer is persisted, and the outbox is empty.
    private func unwritten(_ books: Books) -> [String] {
        var open = books.unwritten.map { "I9 not drained: \($0)" }
        for (entry, told) in told where told.isPersisted || !losesWrites {
            guard let row = books.bookings[told.id] else {
                open.append("I2 \(told.id) was answered \(described(entry)), is missing")
                continue
            }
            if row.version < told.version {
                open.append("I2 \(told.id) was answered \(described(entry)), is \(row.status) version \(row.version)")
            }
        }
        return open
    }

    /// I4: every capture ends in a confirmed booking or is refunded.
    private func money(_ books: Books) -> [String] {
        var open: [String] = []
        var kept: [String: Int] = [:]
        for capture in books.captures where !isUnclaimedCapture(capture, books) {
            kept[capture.booking, default: 0] += capture.amount - capture.refunded
            guard let row = books.payments[capture.transaction] else {
                open.append("I4 \(capture.transaction) of \(capture.booking): captured, but not recorded")
                continue
            }
            let isSold = books.bookings[capture.booking]?.status == "CONFIRMED"
            if row.refunded != capture.refunded || !(row.status == "REFUNDED" || row.status == "SUCCEEDED" && isSold) {
                open.append("I4 \(capture.transaction) of \(capture.booking) is \(row.status)")
            }
        }
        for (booking, sum) in kept {
            let row = books.bookings[booking]
            let price = row?.status == "CONFIRMED" ? row?.total ?? 0 : 0
            if sum != price { open.append("I4 booking \(booking) costs \(price), \(sum) was kept") }
        }
        for (booking, row) in books.bookings where row.status == "CONFIRMED" && kept[booking] == nil {
            open.append("I4 booking \(booking) was never paid for")
        }
        return open
    }

    private func isUnclaimedCapture(_ capture: Provider.Capture, _ books: Books) -> Bool {
        schedule.losesAttempts && books.payments[capture.transaction] == nil
            && books.bookings[capture.booking]?.status != "CONFIRMED"
            && books.reportedCharges.contains(capture.transaction)
    }

    /// I5: nothing is held any more, except by attempts that the provider never received: a charge may still be in
    /// flight for two minutes, so they are not given up before.
    private func holds(_ books: Books) -> [String] {
        books.bookings.filter {
            $0.value.isHeld && ($0.value.status == "RESERVED" || books.asked.contains($0.key))
        }.map { "I5 \($0.key) is still \($0.value.status)" }
    }

    /// I5, I6: the counters of both stores agree, and no unit is missing.
    private func counters(_ books: Books) -> [String] {
        venue.all.flatMap { event -> [String] in
            guard let written = books.written[event.id], let live = books.live[event.id] else {
                return ["I6 event \(event.id) is not in both stores"]
            }
            var open: [String] = []
            if written != books.summed[event.id] {
                open.append("I6 event \(event.id): \(written), its bookings \(books.summed[event.id] as Any)")
            }
            if written != live { open.append("I6 event \(event.id): PostgreSQL \(written), Redis \(live)") }
            let available = books.available[event.id] ?? -1
            if available != live.capacity - live.held - live.sold - live.blocked {
                open.append("I5 event \(event.id): \(available) available, Redis \(live)")
            }
            return open
        }
    }

    // MARK: - What must hold always

    /// Permanent violations.
    func broken(_ books: Books) -> [String] {
        oversold(books) + lost(books) + charged(books) + keys(books) + backwards()
            + books.deadLetters.map { "I9 dead letter: \($0)" }
            + (schedule.fallsBack ? [] : books.verdicts.map { "I9 refused: \($0)" }) + soldOut()
    }

    /// I1: no seat has two owners, and no event is oversold.
    private func oversold(_ books: Books) -> [String] {
        var owners: [String: Set<String>] = [:]
        var sold: [String: [String: Int]] = [:]
        for (_, told) in told where told.status == "CONFIRMED" && told.isPersisted && !cancelled.contains(told.id) {
            sold[told.event, default: [:]][told.id] = told.quantity
            for seat in told.seats { owners["\(told.event) \(seat)", default: []].insert(told.id) }
        }
        let twice = owners.filter { $0.value.count > 1 }.map { "I1 seat \($0.key) is owned by \($0.value)" }
        let beyond = venue.all.filter { (sold[$0.id]?.values.reduce(0, +) ?? 0) > $0.capacity }
        return twice + beyond.map { "I1 event \($0.id): \(sold[$0.id]?.count ?? 0) were reported as confirmed" }
    }

    /// I2: a booking that was reported as confirmed and persisted still exists.
    private func lost(_ books: Books) -> [String] {
        told.compactMap { entry, told in
            // A missing booking is reported by `unwritten`; one that is stored differently is lost.
            guard told.status == "CONFIRMED", told.isPersisted || !losesWrites, let row = books.bookings[told.id],
                row.version >= told.version
            else { return nil }
            let isKept = row.status == "CONFIRMED" && row.quantity == told.quantity && row.seats == told.seats.count
            return isKept || row.status == "CANCELLED" && cancelled.contains(told.id)
                ? nil : "I2 \(told.id) was answered \(described(entry)), is \(row.status) of \(row.quantity)"
        }
    }

    /// I3: a booking is charged once; a second charge is refunded.
    private func charged(_ books: Books) -> [String] {
        let captures = Dictionary(grouping: books.captures, by: \.booking)
        return captures.filter { $0.value.count { $0.refunded < $0.amount } > 1 }
            .map { "I3 booking \($0.key) was charged \($0.value.count) times" }
    }

    /// I7: one key makes one booking, and its answers agree.
    private func keys(_ books: Books) -> [String] {
        Dictionary(grouping: entries.filter { !$0.key.isEmpty }, by: \.key).flatMap { key, entries -> [String] in
            let claims = entries.filter { $0.booking != nil && !$0.isOther }
            var ids = Set(claims.compactMap(\.booking?.id))
            // A booking that Redis lost before it was persisted does not count.
            if losesWrites { ids = ids.filter { books.bookings[$0] != nil } }
            var broken = ids.count > 1 ? ["I7 key \(key) is \(ids.count) bookings: \(ids.sorted())"] : []
            let others = entries.filter { $0.isOther && $0.status < 500 && $0.code != "idempotency-in-progress" }
            if !losesWrites {
                broken += others.filter { $0.status != 422 }.map {
                    "I7 key \(key), another body: \($0.status) \($0.code)"
                }
            }
            let replays = Dictionary(grouping: claims.filter { $0.isReplay }, by: \.status)
            if !losesWrites {
                broken += replays.values.filter { Set($0.map(\.body)).count > 1 }.map {
                    "I7 key \(key) got different answers: \($0.map(\.body))"
                }
            }
            return broken
        }
    }

    /// I8: a state that was reported as persisted is never undone.
    private func backwards() -> [String] {
        Dictionary(grouping: told, by: \.told.id).values.flatMap { answers -> [String] in
            let floors = answers.filter(\.told.isPersisted)
            return answers.filter { !$0.entry.isReplay }.compactMap { later in
                floors.first { $0.entry.answered < later.entry.asked && $0.told.version > later.told.version }.map {
                    "I8 \(later.told.id) was answered \(described($0.entry)), then \(described(later.entry))"
                }
            }
        }
    }

    /// I10: sold units are never sold again, whatever Redis has lost.
    private func soldOut() -> [String] {
        entries.filter { $0.action == .soldOut && $0.status < 300 }.map { "I10 sold again: \($0.body)" }
    }

    private func described(_ entry: Journal.Entry) -> String {
        guard let told = entry.booking else { return "\(entry.status) \(entry.code)" }
        return "\(entry.status) \(told.status) version \(told.version)\(told.isPersisted ? " persisted" : "")"
    }
}
