import BoxOffice

/// Redis's indexes of due holds: a queue for holds claimed in the order of their expiry, a sorted set for other holds,
/// and one for paying bookings. They may list bookings that are no longer held; the record decides.
struct ModelIndex: Equatable {
    /// The claims of one group.
    struct Element: Equatable {
        let expires: Int
        let ids: [UUIDBytes]
    }

    /// A group's changes of the sorted sets: a score, or nil for a removal.
    struct Change: Equatable {
        var others: [UUIDBytes: Int?] = [:]
        var paying: [UUIDBytes: Int?] = [:]
        /// When the group's claims expire, and whether they fit the queue's order.
        var claimExpiry: Int?
        var isQueued = false
        /// Number of elements removed from the queue.
        var taken = 0

        var times: [Int] {
            others.values.compactMap(\.self) + paying.values.compactMap { $0.map { $0 + ModelBooking.providerSilence } }
        }
    }

    /// Holds checked in one sweep, not counting the rest of the last group.
    static let limit = 64

    var queue: [Element] = []
    /// When the queue's last element expires; 0 for none.
    var tail = 0
    var others: [UUIDBytes: Int] = [:]
    var paying: [UUIDBytes: Int] = [:]
    /// When to look next: never too late, but maybe too early.
    var next: Int?
    var change = Change()

    mutating func look(at time: Int) { next = min(next ?? time, time) }

    /// Updates the indexes for a changed booking; `old` is its previous version.
    mutating func put(_ booking: ModelBooking, old: ModelBooking) {
        if booking.status == .pendingPayment, old.status != .pendingPayment {
            change.paying[booking.id] = .some(booking.deadline)
            look(at: booking.deadline + ModelBooking.providerSilence)
        } else if old.status == .pendingPayment, booking.status != .pendingPayment {
            change.paying[booking.id] = .some(nil)
        }
        let isBack = old.status == .pendingPayment || old.extensions != booking.extensions
        if booking.status == .reserved, isBack { add(booking) }
    }

    /// Adds a hold that expires out of the queue's order.
    mutating func add(_ booking: ModelBooking) {
        change.others[booking.id] = .some(booking.expires)
        look(at: booking.expires)
    }

    /// Registers that the group has a claim.
    mutating func claim(expires: Int) {
        guard change.claimExpiry == nil else { return }
        change.claimExpiry = expires
        change.isQueued = expires >= tail
        if change.isQueued { tail = expires }
        look(at: expires)
    }

    /// Removes and returns due bookings: the queue's first, those of silent providers last.
    mutating func takeDue(_ now: Int) -> [UUIDBytes] {
        var due: [UUIDBytes] = []
        while change.taken < queue.count, queue[change.taken].expires <= now, due.count < Self.limit {
            due += queue[change.taken].ids
            change.taken += 1
        }
        let queueNext = change.taken < queue.count ? queue[change.taken].expires : nil
        let (otherIDs, othersNext) = Self.first(of: others, until: now, Self.limit - due.count)
        for id in otherIDs where change.others[id] == nil { change.others[id] = .some(nil) }
        due += otherIDs
        let silent = now - ModelBooking.providerSilence
        let (payingIDs, payingNext) = Self.first(of: paying, until: silent, Self.limit - due.count)
        for id in payingIDs where change.paying[id] == nil { change.paying[id] = .some(nil) }
        due += payingIDs
        if queueNext == nil { tail = 0 }
        let times = [queueNext, othersNext, payingNext.map { $0 + ModelBooking.providerSilence }].compactMap(\.self)
        next = (times + change.times).min()
        return due
    }

    /// Members of a sorted set up to a time, and the time of the next one.
    private static func first(
        of list: [UUIDBytes: Int], until time: Int, _ limit: Int
    ) -> (ids: [UUIDBytes], next: Int?) {
        let sorted = list.sorted { ($0.value, $0.key) < ($1.value, $1.key) }
        let ids = sorted.prefix { $0.value <= time }.prefix(max(0, limit)).map(\.key)
        return (ids, ids.count < sorted.count ? sorted[ids.count].value : nil)
    }

    /// When a claim that was refused because of other users' holds may be retried.
    func retry(after now: Int) -> Int {
        let front = change.taken < queue.count ? queue[change.taken].expires : nil
        func first(of list: [UUIDBytes: Int], after time: Int) -> Int? { list.values.filter { $0 > time }.min() }
        let known = [front, first(of: others, after: now), first(of: paying, after: now)].compactMap(\.self).min()
        let own =
            (change.others.values.compactMap(\.self) + change.paying.values.compactMap(\.self)
            + [change.claimExpiry].compactMap(\.self)).min()
        let silent = first(of: paying, after: now - ModelBooking.providerSilence)
        return [known, own].compactMap(\.self).min() ?? silent.map { $0 + ModelBooking.providerSilence } ?? now + 1000
    }

    /// Writes the group's changes.
    mutating func commit(_ claimed: [UUIDBytes]) {
        queue.removeFirst(change.taken)
        if let expires = change.claimExpiry {
            if change.isQueued {
                queue.append(Element(expires: expires, ids: claimed))
            } else {
                for id in claimed where change.others[id].flatMap(\.self) == nil { change.others[id] = .some(expires) }
            }
        }
        for (id, score) in change.others { others[id] = score }
        for (id, score) in change.paying { paying[id] = score }
        change = Change()
    }
}

/// The keys that claims used, by day.
struct ModelKeyDays: Equatable {
    struct Day: Equatable {
        /// The bookings that keys made, by the first 8 bytes of the keys' digests.
        var ids: [UInt64: UUIDBytes] = [:]
        /// The number of keys by user, without those counted in the users' totals.
        var counts: [String: Int] = [:]
    }

    /// Keys that a user's claims used on the last day with any, and on the day before.
    struct Claims: Equatable {
        var day = 0
        var keys = 0
        var before = 0

        /// The counts as of a day.
        func turned(to day: Int) -> Claims {
            day == self.day ? self : Claims(day: day, before: self.day == day - 1 ? keys : 0)
        }
    }

    /// The limit of keys per user in two days.
    static let limit = 1000

    var days: [Int: Day] = [:]
    /// Counts of users with live bookings, stored in their totals.
    var claims: [String: Claims] = [:]
    /// The last day with keys, 0 for none, and whether the day before has some.
    var last = 0
    var hasBefore = false

    static func day(_ now: Int) -> Int { now / 86_400_000 }

    func isFull(_ user: String, _ now: Int) -> Bool {
        let day = Self.day(now)
        let claims = claims[user]?.turned(to: day) ?? Claims()
        let counts = (days[day]?.counts[user] ?? 0) + (days[day - 1]?.counts[user] ?? 0)
        return counts + claims.keys + claims.before >= Self.limit
    }

    /// The booking that a key made today or yesterday.
    func booking(_ key: ModelKey, _ now: Int) -> UUIDBytes? {
        let day = Self.day(now)
        return days[day]?.ids[key.digest.high] ?? days[day - 1]?.ids[key.digest.high]
    }

    /// The first key of a day removes the keys of the day before yesterday.
    private mutating func turn(to day: Int) {
        guard last != day else { return }
        days[day - 2] = nil
        hasBefore = last == day - 1
        last = day
    }

    /// Counts more keys of a user, of requests other than claims.
    mutating func count(_ user: String, _ now: Int, _ keys: Int = 1) {
        let day = Self.day(now)
        turn(to: day)
        days[day, default: Day()].counts[user, default: 0] += keys
    }

    /// Adds a claim's key.
    mutating func add(_ key: ModelKey, _ booking: UUIDBytes, _ user: String, _ now: Int) {
        let day = Self.day(now)
        turn(to: day)
        days[day, default: Day()].ids[key.digest.high] = booking
        var own = claims[user, default: Claims()].turned(to: day)
        own.keys += 1
        claims[user] = own
    }

    /// Moves the counts of users without totals to the day's own counts.
    mutating func settle(_ now: Int, hasTotals: (String) -> Bool) {
        let day = Self.day(now)
        for (user, claims) in claims where !hasTotals(user) {
            let claims = claims.turned(to: day)
            if claims.keys > 0 { count(user, now, claims.keys) }
            if claims.before > 0 { days[day - 1, default: Day()].counts[user, default: 0] += claims.before }
            self.claims[user] = nil
        }
    }
}
