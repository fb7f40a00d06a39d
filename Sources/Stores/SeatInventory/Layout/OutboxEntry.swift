package import BoxOffice
import Cryptography
package import RedisClient

/// One entry of a partition's outbox: everything that one function call changed.
package struct OutboxEntry: Sendable {
    /// A new version of a booking.
    package struct Transition: Sendable {
        package let booking: BookingID
        /// The complete booking.
        package let image: Booking
        /// The answer to its claim, as stored in its record (`BookingRecord.claimed`); `nil` if it is unknown.
        package let claimed: [UInt8]?
        /// The channel on which a caller waits for its acknowledgement.
        package let channel: String?
        /// W3C trace context of the request that caused it.
        package let traceparent: String?
        /// The id of that request.
        package let requestID: String?

        /// Both in the form of records; `nil` without a request, and for values that no request can have had.
        package var trace: String? {
            guard let traceparent else { return nil }
            let record = requestID.map { "\(traceparent),\($0)" } ?? traceparent
            let isPlain = record.utf8.count <= 255 && record.utf8.allSatisfy { (0x21...0x7e).contains($0) }
            return isPlain ? record : nil
        }
    }

    /// An entry that cannot be parsed.
    package struct Malformed: Error, Sendable {
        package let id: StreamID
        /// Its fields, for the dead letter.
        package let text: String
    }

    package let id: StreamID
    package let event: EventID
    /// The epoch in which it was written.
    package let epoch: Int64
    /// The event's sequence number after the change.
    package let sequence: Int64
    /// Redis's clock, Unix milliseconds.
    package let at: Int64
    /// The counters of changed tiers, after the change.
    package let tiers: [TierCounters]
    /// Blocks that were made.
    package let blocked: [Block]
    /// Blocks that were removed.
    package let unblocked: [BlockID]
    /// The bookings that changed, in order.
    package let transitions: [Transition]

    /// Parses one element of an XRANGE or XREAD reply.
    ///
    /// - Returns: the entry, its error, or `nil` if the reply is not a stream entry.
    package static func parse(_ value: RedisValue) -> Result<OutboxEntry, Malformed>? {
        guard let parts = value.array, parts.count == 2, let id = parts[0].string.flatMap({ StreamID($0) }),
            let fields = parts[1].array
        else { return nil }
        let texts = fields.map { $0.bytes?[...] ?? [] }
        let isFirstForm = texts.first.map { !$0.elementsEqual([headName]) } ?? true
        let entry = isFirstForm ? OutboxEntry(id: id, fields: texts) : OutboxEntry(id: id, bytes: texts)
        guard let entry else { return .failure(Malformed(id: id, text: isFirstForm ? text(texts) : digits(texts))) }
        return .success(entry)
    }

    private static func text(_ fields: [ArraySlice<UInt8>]) -> String {
        fields.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n")
    }

    /// Names as text, and values in hexadecimal.
    private static func digits(_ fields: [ArraySlice<UInt8>]) -> String {
        fields.enumerated().map { index, field in
            index.isMultiple(of: 2) ? String(decoding: field, as: UTF8.self) : hexEncode(field)
        }.joined(separator: "\n")
    }

    init(
        id: StreamID, event: EventID, epoch: Int64, sequence: Int64, at: Int64, tiers: [TierCounters],
        blocked: [Block], unblocked: [BlockID], transitions: [Transition]
    ) {
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
}

/// Entries of the first form: text. They remain readable forever.
extension OutboxEntry {
    private static let headerFields = 10

    private init?(id: StreamID, fields: [ArraySlice<UInt8>]) {
        guard fields.count >= Self.headerFields, fields.count.isMultiple(of: 2),
            fields[0].elementsEqual("ev".utf8), let event = UUIDBytes(utf8: fields[1]),
            fields[2].elementsEqual("ep".utf8), let epoch = Int64(decimal: fields[3]),
            fields[4].elementsEqual("sq".utf8), let sequence = Int64(decimal: fields[5]),
            fields[6].elementsEqual("at".utf8), let at = Int64(decimal: fields[7]),
            fields[8].elementsEqual("ty".utf8), let tiers = TierCounters.list(fields[9])
        else { return nil }
        var transitions: [Transition] = []
        var blocked: [Block] = []
        var unblocked: [BlockID] = []
        for index in stride(from: Self.headerFields, to: fields.count, by: 2) {
            let (name, text) = (fields[index], fields[index + 1])
            if name.elementsEqual("bl".utf8) {
                guard let block = Self.block(String(decoding: text, as: UTF8.self)) else { return nil }
                blocked.append(block)
            } else if name.elementsEqual("ub".utf8) {
                guard let id = UUIDBytes(utf8: text) else { return nil }
                unblocked.append(BlockID(id))
            } else {
                guard let transition = Self.transition(name, text) else { return nil }
                transitions.append(transition)
            }
        }
        self.init(
            id: id, event: EventID(event), epoch: epoch, sequence: sequence, at: at, tiers: tiers, blocked: blocked,
            unblocked: unblocked, transitions: transitions)
    }

    /// Parses `id,tier,quantity,seats`.
    private static func block(_ text: String) -> Block? {
        guard let comma = text.firstIndex(of: ","), let id = BlockID(text[..<comma]) else { return nil }
        return Block(id: id, text: String(text[text.index(after: comma)...]))
    }

    private static func transition(_ booking: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Transition? {
        var reader = FieldReader(text, separator: "|")
        guard let uuid = UUIDBytes(utf8: booking), let image = Booking(&reader), let channel = reader.text(),
            let trace = reader.next(), reader.isAtEnd
        else { return nil }
        return Transition(
            booking: BookingID(stored: uuid), image: image, claimed: nil, channel: channel, trace: trace)
    }
}
