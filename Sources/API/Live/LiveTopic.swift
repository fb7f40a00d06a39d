import Booking
import Inventory
import JSON

/// One server-sent event: what listeners of an event are told, and the sequence number that it brings them to.
struct LiveMessage: Sendable {
    let sequence: Int64
    let bytes: [UInt8]
}

/// What is known of one event, and what was told of it lately. A value: it asks nobody and knows no clock.
struct LiveTopic {
    private(set) var picture: EventPicture?
    private var history: [LiveMessage] = []
    private var historyBytes = 0
    /// Whoever has this sequence number or a later one can be brought up to date by `history`.
    private var base: Int64 = 0

    /// Half a minute of the busiest event, which is longer than a client takes to come back.
    private static let historyLimit = 300
    private static let historyByteLimit = 128 * 1024
    /// Sequence numbers of an epoch lie in a range of their own.
    private static let epochRange: Int64 = 1_000_000_000

    /// Takes a newer picture.
    ///
    /// - Parameter tellsAll: whether listeners may have missed something, so that they are told all of it.
    /// - Returns: what to tell them; `nil` when nothing that they see has changed.
    mutating func update(_ new: EventPicture, tellsAll: Bool) -> LiveMessage? {
        let old = picture
        picture = new
        guard let old, Self.follows(new, old) else {
            forget(upTo: new.sequence)
            return Self.snapshot(new)
        }
        let change = Self.delta(from: old, to: new)
        // Whoever comes back later needs the change all the same.
        if let change { remember(change) }
        return tellsAll ? Self.snapshot(new) : change
    }

    /// What a new listener is told first.
    ///
    /// - Parameter last: the sequence number that it has.
    /// - Returns: every change after it, or all there is; `nil` before the first picture.
    func opening(after last: Int64?) -> LiveMessage? {
        guard let picture else { return nil }
        guard let last, last >= base, last <= picture.sequence else { return Self.snapshot(picture) }
        let missed = history.filter { $0.sequence > last }
        return LiveMessage(sequence: picture.sequence, bytes: missed.flatMap(\.bytes))
    }

    /// Bytes that may wait for a slow listener: all there is, and some changes.
    var backlogBytes: Int { 16 * 1024 + (picture.map { $0.seats.count + 256 * $0.tiers.count } ?? 0) }

    private mutating func forget(upTo sequence: Int64) {
        history = []
        historyBytes = 0
        base = sequence
    }

    private mutating func remember(_ message: LiveMessage) {
        history.append(message)
        historyBytes += message.bytes.count
        while history.count > Self.historyLimit || historyBytes > Self.historyByteLimit { dropFirst() }
    }

    private mutating func dropFirst() {
        let dropped = history.removeFirst()
        historyBytes -= dropped.bytes.count
        base = dropped.sequence
    }

    /// Whether what changed can be told as a change: the same event of the same epoch, later.
    private static func follows(_ new: EventPicture, _ old: EventPicture) -> Bool {
        new.sequence >= old.sequence && new.sequence / epochRange == old.sequence / epochRange
            && new.seats.count == old.seats.count && new.tiers.map(\.tier) == old.tiers.map(\.tier)
    }

    // MARK: - Messages

    private static func snapshot(_ picture: EventPicture) -> LiveMessage {
        var json = JSONWriter(capacity: picture.seats.count + 1024)
        json.beginObject()
        json.member("seq", picture.sequence)
        json.member("asOf", Timestamp.format(picture.asOf))
        json.key("tiers")
        json.raw(AvailabilityJSON.array(picture.tiers))
        json.member("seats", String(decoding: letters(picture.seats[...]), as: UTF8.self))
        json.endObject()
        return message("snapshot", picture.sequence, json.bytes)
    }

    private static func delta(from old: EventPicture, to new: EventPicture) -> LiveMessage? {
        let tiers = new.tiers.filter { !old.tiers.contains($0) }
        let runs = changedRuns(old.seats, new.seats)
        guard !tiers.isEmpty || !runs.isEmpty else { return nil }
        var json = JSONWriter(capacity: 512)
        json.beginObject()
        json.member("seq", new.sequence)
        json.member("asOf", Timestamp.format(new.asOf))
        json.key("tiers")
        json.raw(AvailabilityJSON.array(tiers))
        json.key("seats")
        json.beginArray()
        for run in runs {
            json.beginObject()
            json.member("at", Int64(run.lowerBound))
            json.member("states", String(decoding: letters(new.seats[run]), as: UTF8.self))
            json.endObject()
        }
        json.endArray()
        json.endObject()
        return message("availability", new.sequence, json.bytes)
    }

    private static func message(_ name: String, _ sequence: Int64, _ json: [UInt8]) -> LiveMessage {
        let head = Array("event: \(name)\nid: \(sequence)\ndata: ".utf8)
        return LiveMessage(sequence: sequence, bytes: head + json + Array("\n\n".utf8))
    }

    /// Telling a seat again takes a byte, another run about 25.
    private static let gapLimit = 24

    /// The stretches in which seats differ; short ones between them are told along.
    static func changedRuns(_ old: [UInt8], _ new: [UInt8]) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        for index in new.indices where new[index] != old[index] {
            if let last = runs.last, index - last.upperBound <= gapLimit {
                runs[runs.count - 1] = last.lowerBound..<index + 1
            } else {
                runs.append(index..<index + 1)
            }
        }
        return runs
    }

    /// `a`vailable, `h`eld, `s`old, `b`locked.
    private static func letters(_ seats: ArraySlice<UInt8>) -> [UInt8] {
        seats.map { $0 == SeatMap.free ? UInt8(ascii: "a") : $0 }
    }
}
