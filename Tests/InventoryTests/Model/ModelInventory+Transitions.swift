import Booking

/// A request to move one booking on.
struct ModelMove {
    var caller: ModelCaller
    var partition: Int
    var booking: String
    /// Empty for the system.
    var user: String
    var channel: String
    var trace: String
    var key: ModelKey?
    /// Whether the caller may cancel at any time.
    var isPrivileged = false
}

/// What a transition starts from.
enum ModelStart {
    case refused([ModelReply])
    case booking(ModelBooking, event: Int)

    var refusal: [ModelReply] {
        if case .refused(let reply) = self { reply } else { [] }
    }
}

extension ModelInventory {
    /// What every transition begins with. A hold past its time is expired first; only those that tell of money go on
    /// with what is then there.
    mutating func begin(_ move: ModelMove, tellsOfMoney: Bool = false) -> ModelStart {
        if let refusal = refusal(move.partition, move.caller) { return .refused(refusal) }
        if let (word, record) = replay(move.key) {
            return .refused([.text(word)] + (record.map { [.text($0)] } ?? []))
        }
        guard let booking = bookings[move.booking], booking.epoch == move.caller.epoch,
            move.user.isEmpty || move.user == booking.user
        else { return .refused([.text("NOT_FOUND")]) }
        guard let event = event(booking.event) else { return .refused([.text("NO_EVENT")]) }
        guard events[event].epoch == move.caller.epoch else { return .refused([.text(events[event].missing)]) }
        if move.key != nil, hasTooManyKeys(event, booking.user) { return .refused([.text("KEY_LIMIT")]) }
        if let lapse = booking.lapses, lapse <= now(event) {
            let image = expire(booking, event)
            finish(event)
            if !tellsOfMoney { return .refused([.text("HOLD_EXPIRED"), .text(image)]) }
        } else if booking.status == .expired, !tellsOfMoney {
            return .refused([.text("HOLD_EXPIRED"), .text(booking.image)])
        }
        guard let present = bookings[move.booking] else { preconditionFailure("it was there") }
        return .booking(present, event: event)
    }

    /// Writes the booking's next version and the key as running.
    mutating func end(_ move: ModelMove, _ booking: ModelBooking, _ event: Int, _ word: String) -> [ModelReply] {
        let image = put(booking, event, channel: move.channel, trace: move.trace)
        if let key = move.key { remember(key, booking.id, "run|\(now(event) + key.patience)", event, booking.user) }
        return [.text(word), .text(image), finish(event)]
    }

    /// Why its owner may not cancel a confirmed booking any more.
    func cancellationRefusal(_ move: ModelMove, _ booking: ModelBooking, _ event: Int) -> [ModelReply]? {
        let policy = events[event].policy
        guard !move.isPrivileged, !policy.isCancelled, booking.status == .confirmed, let last = policy.cancels,
            now(event) >= last
        else { return nil }
        return [.text("CANCELLATION_CLOSED"), .text(booking.image), .text(String(last))]
    }

    /// `cancel`
    mutating func cancel(_ move: ModelMove, reason: String) -> [ModelReply] {
        let start = begin(move)
        guard case .booking(var booking, let event) = start else { return start.refusal }
        if booking.status == .cancelled { return [.text("ALREADY"), .text(booking.image)] }
        if booking.status == .failed { return [.text("INVALID"), .text(booking.image)] }
        if let refusal = cancellationRefusal(move, booking, event) { return refusal }
        release(booking, event)
        if booking.payment?.status == .succeeded { booking.payment?.oweAll() }
        booking.status = .cancelled
        booking.deadline = 0
        booking.reason = reason
        return end(move, booking, event, "OK")
    }

    /// `extend`: at most twice; a hold never ends earlier by it.
    mutating func extend(_ move: ModelMove) -> [ModelReply] {
        let start = begin(move)
        guard case .booking(var booking, let event) = start else { return start.refusal }
        if events[event].policy.isCancelled { return [.text("EVENT_CANCELLED"), .text(booking.image)] }
        guard booking.status == .reserved else { return [.text("INVALID"), .text(booking.image)] }
        guard booking.extensions < 2 else { return [.text("LIMIT"), .text(booking.image)] }
        booking.expires = max(booking.expires, now(event) + events[event].policy.hold)
        booking.extensions += 1
        return end(move, booking, event, "OK")
    }

    /// `expire`: what the sweeper asks for.
    mutating func expire(_ caller: ModelCaller, event id: String, partition: Int) -> [ModelReply] {
        if let refusal = refusal(partition, caller) { return refusal }
        guard let event = event(id) else { return [.text("NO_EVENT")] }
        guard events[event].epoch == caller.epoch else { return [.text(events[event].missing)] }
        let count = returnLapsed(event)
        finish(event)
        return [.text("OK"), .number(count), .number(count == 64 ? 1 : 0)]
    }

    /// `availability`: reads, whatever the partition's state.
    func availability(event id: String, partition: Int) -> [ModelReply] {
        guard let event = event(id) else { return [.text("NO_EVENT")] }
        let state = events[event]
        let isOpen = partitions[partition].isOpen && state.epoch == partitions[partition].epoch
        return [
            .text("OK"), .time, .text(String(state.sequence)), .text(isOpen ? "open" : "recovering"),
            .text(state.policy.isCancelled ? "cancelled" : "published"),
        ] + state.tiers.flatMap { [ModelReply.text($0.id), .text($0.text)] }
    }

    /// `remember`
    mutating func remember(_ move: ModelMove, status: Int, body: String) -> [ModelReply] {
        if let refusal = refusal(move.partition, move.caller) { return refusal }
        guard let key = move.key else { preconditionFailure("only requests with a key are remembered") }
        let answer = "done|\(status)|\(body)"
        if let known = replay(key) {
            guard known.word == "REPLAY" else { return [.text("REUSED")] }
            records[key.digest] = "\(key.fingerprint)|\(move.booking)|\(answer)"
            touchedRecords.insert(key.digest)
            return [.text("OK")]
        }
        guard let booking = bookings[move.booking], let event = event(booking.event) else {
            return [.text("NOT_FOUND")]
        }
        if hasTooManyKeys(event, booking.user) { return [.text("KEY_LIMIT")] }
        remember(key, booking.id, answer, event, booking.user)
        return [.text("OK")]
    }
}
