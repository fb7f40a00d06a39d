import BoxOffice

/// Parses entries written by `lua/lib/commit.lua`: a head, and any tiers, versions of bookings (one field each) and
/// blocks.
extension OutboxEntry {
    /// The first field's name: entries of the first form begin with another.
    static let headName = UInt8(ascii: "h")
    /// The form number in the head.
    private static let form: UInt8 = 2

    /// Flag of a version in `v`: a caller waits for its acknowledgement.
    private static let awaitsAcknowledgement: UInt8 = 16

    init?(id: StreamID, bytes fields: [ArraySlice<UInt8>]) {
        guard fields.count >= 2, fields.count.isMultiple(of: 2), fields[0].elementsEqual([Self.headName]) else {
            return nil
        }
        var head = ByteReader(fields[1])
        let event = EventID(head.uuid())
        let (epoch, sequence, at) = (head.long(4), head.long(6), head.long(6))
        guard head.byte() == Self.form, head.isWhole else { return nil }
        var parts = Parts()
        for index in stride(from: 2, to: fields.count, by: 2) {
            guard parts.read(fields[index], fields[index + 1]) else { return nil }
        }
        guard let transitions = parts.transitions() else { return nil }
        self.init(
            id: id, event: event, epoch: epoch, sequence: sequence, at: at, tiers: parts.tiers,
            blocked: parts.blocked, unblocked: parts.unblocked, transitions: transitions)
    }

    /// The fields after the head, in any order.
    private struct Parts {
        var tiers: [TierCounters] = []
        var blocked: [Block] = []
        var unblocked: [BlockID] = []
        private var channel: String?
        private var versions: [ArraySlice<UInt8>] = []

        /// Parses a field; false if it is malformed, or unknown.
        mutating func read(_ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) -> Bool {
            switch String(decoding: name, as: UTF8.self) {
            case "t":
                guard let list = TierCounters.list(bytes: value) else { return false }
                tiers = list
            case "a": channel = String(decoding: value, as: UTF8.self)
            case "v": versions.append(value)
            case "bl":
                guard let list = Self.blocks(value) else { return false }
                blocked = list
            case "ub":
                guard value.count.isMultiple(of: 16) else { return false }
                var reader = ByteReader(value)
                unblocked = (0..<value.count / 16).map { _ in BlockID(reader.uuid()) }
            default: return false
            }
            return true
        }

        /// Parses the versions of bookings; `nil` if one is malformed.
        func transitions() -> [Transition]? {
            var transitions: [Transition] = []
            transitions.reserveCapacity(versions.count)
            for field in versions {
                var reader = ByteReader(field)
                while !reader.isAtEnd {
                    guard let transition = transition(&reader) else { return nil }
                    transitions.append(transition)
                }
            }
            return transitions
        }

        private func transition(_ reader: inout ByteReader) -> Transition? {
            let booking = BookingID(stored: reader.uuid())
            let flags = reader.byte()
            guard let record = BookingRecord(reader.take(reader.integer(2))) else { return nil }
            let trace = reader.take(reader.integer(1))
            guard reader.isSound else { return nil }
            let isAwaited = flags & OutboxEntry.awaitsAcknowledgement != 0
            return Transition(
                booking: booking, image: record.image, claimed: record.claimed, channel: isAwaited ? channel : nil,
                trace: trace)
        }

        private static func blocks(_ bytes: ArraySlice<UInt8>) -> [Block]? {
            var reader = ByteReader(bytes)
            var blocks: [Block] = []
            while !reader.isAtEnd {
                let (id, tier) = (BlockID(reader.uuid()), TierID(reader.uuid()))
                let (quantity, count) = (reader.integer(4), reader.integer(2))
                let seats = reader.seats(count)
                guard reader.isSound, quantity >= 1 else { return nil }
                blocks.append(Block(id: id, tier: tier, quantity: quantity, seats: seats))
            }
            return blocks
        }
    }
}

extension OutboxEntry.Transition {
    init(booking: BookingID, image: Booking, claimed: [UInt8]?, channel: String?, trace: ArraySlice<UInt8>) {
        let names = TraceBytes.names(trace)
        self.init(
            booking: booking, image: image, claimed: claimed, channel: channel?.isEmpty == true ? nil : channel,
            traceparent: names.traceparent, requestID: names.requestID)
    }
}
