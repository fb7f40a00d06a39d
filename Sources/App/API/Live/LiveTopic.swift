import BoxOffice
import JSON
import SeatInventory

/// One server-sent event, and the sequence number that it brings listeners to.
struct LiveMessage: Sendable {
    let sequence: Int64
    let bytes: [UInt8]
}

/// The state of one event, and its recent messages. A value: no I/O, no clock.
struct LiveTopic {
    private(set) var picture: LiveSnapshot?
    private var history: [LiveMessage] = []
    private var historyBytes = 0
    /// A listener with this sequence number or a later one can catch up from `history`.
    private var base: Int64 = 0

    /// Half a minute of the busiest event, which is longer than a client takes to reconnect.
    private static let historyLimit = 300
    private static let historyByteLimit = 128 * 1024
    /// Each epoch has its own range of sequence numbers.
    private static let epochRange: Int64 = 1_000_000_000

    /// Applies a newer picture.
    ///
    /// - Parameter tellsAll: whether listeners may have missed something, so that they get a snapshot.
    /// - Returns: the message for the listeners; `nil` if nothing that they see has changed.
    mutating func update(_ new: LiveSnapshot, sendsSnapshot: Bool) -> LiveMessage? {
        let old = picture
        picture = new
        guard let old, Self.follows(new, old) else {
            forget(upTo: new.sequence)
            return Self.snapshot(new)
        }
        let change = Self.delta(from: old, to: new)
        // A client that reconnects later needs the change, even if a snapshot is sent now.
        if let change { remember(change) }
        return sendsSnapshot ? Self.snapshot(new) : change
    }

    /// The first message of a new listener.
    ///
    /// - Parameter last: the sequence number that the listener has.
    /// - Returns: every change after `last`, or a snapshot; `nil` before the first picture.
    func opening(after last: Int64?) -> LiveMessage? {
        guard let picture else { return nil }
        guard let last, last >= base, last <= picture.sequence else { return Self.snapshot(picture) }
        let missed = history.filter { $0.sequence > last }
        return LiveMessage(sequence: picture.sequence, bytes: missed.flatMap(\.bytes))
    }

    /// Most bytes that may be buffered for a slow listener: a snapshot, and some changes.
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

    /// Whether the difference can be sent as a change: the same event of the same epoch, later.
    private static func follows(_ new: LiveSnapshot, _ old: LiveSnapshot) -> Bool {
        new.sequence >= old.sequence && new.sequence / epochRange == old.sequence / epochRange
            && new.seats.count == old.seats.count && new.tiers.map(\.tier) == old.tiers.map(\.tier)
    }

    // MARK: - Messages

    private static func snapshot(_ picture: LiveSnapshot) -> LiveMessage {
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

    private static func delta(from old: LiveSnapshot, to new: LiveSnapshot) -> LiveMessage? {
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

    /// Repeating a seat takes a byte; another run takes about 25.
    private static let gapLimit = 24

    /// The ranges in which seats differ; short gaps between them are included.
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
