public import Booking
public import RedisClient

/// One entry of a partition's outbox: what one script changed, whole.
public struct OutboxEntry: Sendable {
    /// One booking's new version.
    public struct Transition: Sendable {
        /// The booking.
        public let booking: BookingID
        /// All of it.
        public let image: BookingImage
        /// Where somebody waits to hear that it is written down.
        public let channel: String?
        /// W3C trace context of the request that caused it.
        public let traceparent: String?
        /// What that request called itself.
        public let requestID: String?
    }

    /// An entry that cannot be read.
    public struct Malformed: Error, Sendable {
        /// Its id.
        public let id: StreamID
        /// What it says, for the dead letter.
        public let text: String
    }

    /// Its place in the stream.
    public let id: StreamID
    /// The event it is about.
    public let event: EventID
    /// The epoch it was written under.
    public let epoch: Int64
    /// The event's sequence number after it.
    public let sequence: Int64
    /// Redis's clock, Unix milliseconds.
    public let at: Int64
    /// The counters after it, of the tiers that changed.
    public let tiers: [TierCounters]
    /// Blocks that were made.
    public let blocked: [Block]
    /// Blocks that were taken away.
    public let unblocked: [BlockID]
    /// The bookings that changed, in order.
    public let transitions: [Transition]

    /// Reads one element of an XRANGE or XREAD reply.
    ///
    /// - Returns: the entry, what is wrong with it, or `nil` when the reply is no stream entry at all.
    public static func parse(_ value: RedisValue) -> Result<OutboxEntry, Malformed>? {
        guard let parts = value.array, parts.count == 2, let id = parts[0].string.flatMap({ StreamID($0) }),
            let fields = parts[1].array
        else { return nil }
        let texts = fields.map { $0.string ?? "" }
        guard let entry = OutboxEntry(id: id, fields: texts) else {
            return .failure(Malformed(id: id, text: texts.joined(separator: "\n")))
        }
        return .success(entry)
    }

    private static let headerFields = 10

    private init?(id: StreamID, fields: [String]) {
        guard fields.count >= Self.headerFields, fields.count.isMultiple(of: 2),
            fields[0] == "ev", let event = EventID(fields[1]), fields[2] == "ep", let epoch = Int64(fields[3]),
            fields[4] == "sq", let sequence = Int64(fields[5]), fields[6] == "at", let at = Int64(fields[7]),
            fields[8] == "ty"
        else { return nil }
        var tiers: [TierCounters] = []
        for text in fields[9].split(separator: ";") {
            guard let counters = TierCounters(text: text) else { return nil }
            tiers.append(counters)
        }
        var transitions: [Transition] = []
        var blocked: [Block] = []
        var unblocked: [BlockID] = []
        for index in stride(from: Self.headerFields, to: fields.count, by: 2) {
            let text = fields[index + 1]
            switch fields[index] {
            case "bl":
                guard let block = Self.block(text) else { return nil }
                blocked.append(block)
            case "ub":
                guard let id = BlockID(text) else { return nil }
                unblocked.append(id)
            case let booking:
                guard let transition = Self.transition(booking, text) else { return nil }
                transitions.append(transition)
            }
        }
        self.id = id
        self.event = event
        self.epoch = epoch
        self.sequence = sequence
        self.at = at
        self.tiers = tiers
        self.blocked = blocked
        self.unblocked = unblocked
        self.transitions = transitions
    }

    /// Reads `id,tier,quantity,seats`.
    private static func block(_ text: String) -> Block? {
        guard let comma = text.firstIndex(of: ","), let id = BlockID(text[..<comma]) else { return nil }
        return Block(id: id, text: String(text[text.index(after: comma)...]))
    }

    private static func transition(_ booking: String, _ text: String) -> Transition? {
        var reader = FieldReader(text, separator: "|")
        guard let uuid = UUIDBytes(booking), let image = BookingImage(&reader), let channel = reader.text(),
            let trace = reader.text(), reader.isAtEnd
        else { return nil }
        let names = trace.split(separator: ",", maxSplits: 1)
        return Transition(
            booking: BookingID(stored: uuid), image: image, channel: channel.isEmpty ? nil : channel,
            traceparent: names.first.map(String.init), requestID: names.count == 2 ? String(names[1]) : nil)
    }
}
