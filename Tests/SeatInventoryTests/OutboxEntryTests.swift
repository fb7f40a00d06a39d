import BoxOffice
import RedisClient
import Support
import Testing

@testable import SeatInventory

@Suite("Outbox entry")
struct OutboxEntryTests {
    private static let event = EventID(UUIDBytes(high: 0xe0, low: 1))
    private static let tier = TierID(UUIDBytes(high: 0xf0, low: 2))
    private static let booking = BookingID(partition: Partition(3), milliseconds: 1_800_000_000_000, random: 7)

    private static let image = Booking(
        version: 2, status: .confirmed, expiresAt: 1_800_000_600_000, paymentDeadline: nil, attempts: 1, extensions: 0,
        createdAt: 1_800_000_000_000, updatedAt: 1_800_000_001_000, confirmedAt: 1_800_000_001_000, event: event,
        user: "ann", totalAmount: 100, currency: "USD", key: nil,
        items: [BookingItem(tier: tier, quantity: 1, unitAmount: 100)],
        payment: BookingPayment(
            id: PaymentID(UUIDBytes(high: 1, low: 2)), provider: "simulated", transactionID: "t", status: .succeeded,
            amount: 100),
        reason: nil)

    private static let counters = TierCounters(
        tier: tier, capacity: 10, available: 9, held: 0, sold: 1, blocked: 0, unitAmount: 100, kind: .general)

    private static func head(form: UInt8 = 2) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(event.uuid)
        bytes.append(7, width: 4)
        bytes.append(Int64(7_000_000_001), width: 6)
        bytes.append(Int64(1_800_000_001_000), width: 6)
        return bytes + [form]
    }

    private static func version(flags: UInt8, trace: String) -> [UInt8] {
        let record = BookingRecord(image: image, epoch: 7, entry: nil, flags: [], left: [9], firstAnswer: nil).bytes
        var bytes: [UInt8] = []
        bytes.append(booking.uuid)
        bytes.append(flags)
        bytes.append(record.count, width: 2)
        bytes += record
        bytes.append(text: trace, length: 1)
        return bytes
    }

    private static var tiers: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(tier.uuid)
        counters.append(to: &bytes)
        return bytes
    }

    private static func parse(_ fields: [(String, [UInt8])]) -> Result<OutboxEntry, OutboxEntry.Malformed>? {
        let values = fields.flatMap { [RedisValue.bytes(Array($0.0.utf8)), .bytes($0.1)] }
        return OutboxEntry.parse(.array([.bytes(Array("5-1".utf8)), .array(values)]))
    }

    @Test("contains all changes of one call")
    func whole() throws {
        var blocks: [UInt8] = []
        for id in [UUIDBytes(high: 5, low: 5), Self.tier.uuid] { blocks.append(id) }
        blocks.append(2, width: 4)
        blocks.append(2, width: 2)
        blocks.append([SeatPosition(number: 1), SeatPosition(number: 0x102030)])
        let gone = UUIDBytes(high: 6, low: 6)
        let versions =
            Self.version(flags: 16, trace: "00-1-2-01,request 9") + Self.version(flags: 0, trace: "")
        let entry = try #require(
            try Self.parse([
                ("h", Self.head()), ("t", Self.tiers), ("a", Array("acks:1".utf8)), ("v", versions), ("bl", blocks),
                ("ub", gone.bytes),
            ])?.get())
        #expect(entry.id == StreamID(milliseconds: 5, sequence: 1))
        #expect(entry.event == Self.event && entry.epoch == 7 && entry.sequence == 7_000_000_001)
        #expect(entry.at == 1_800_000_001_000)
        #expect(entry.tiers == [Self.counters])
        #expect(entry.unblocked == [BlockID(gone)])
        #expect(entry.blocked.map(\.quantity) == [2] && entry.blocked.first?.seats.last?.number == 0x102030)
        #expect(entry.transitions.count == 2)
        let first = try #require(entry.transitions.first)
        #expect(first.booking == Self.booking && first.image == Self.image && first.claimed == [0, 1, 0, 0, 0, 9, 0])
        #expect(first.channel == "acks:1" && first.traceparent == "00-1-2-01" && first.requestID == "request 9")
        let second = try #require(entry.transitions.last)
        #expect(second.channel == nil && second.traceparent == nil && second.requestID == nil)
    }

    @Test("is malformed if it is truncated, of another form, or has an unknown field; its text is complete")
    func malformed() throws {
        let fields = [("h", Self.head()), ("t", Self.tiers), ("v", Self.version(flags: 0, trace: "t"))]
        for (index, field) in fields.enumerated() {
            for wrong in [field.1 + [0], Array(field.1.dropLast())] {
                var cut = fields
                cut[index].1 = wrong
                #expect(throws: OutboxEntry.Malformed.self) { try #require(Self.parse(cut)).get() }
            }
        }
        #expect(throws: OutboxEntry.Malformed.self) {
            try #require(Self.parse([("h", Self.head(form: 3))])).get()
        }
        let error = #expect(throws: OutboxEntry.Malformed.self) {
            try #require(Self.parse([("h", Self.head()), ("zz", [0, 0xab])])).get()
        }
        #expect(error?.text.hasSuffix("zz\n00ab") == true)
    }

    @Test("of the first form is still readable")
    func firstForm() throws {
        let key = "8123456789abcdef0123456789abcdef.fedcba9876543210fedcba9876543210"
        let image =
            "1|RESERVED|1800000600000|0|0|0|1800000000000|1800000000000|0|\(Self.event)|ann|100|USD|\(key)|"
            + "\(Self.tier),1,100,||"
        let entry = try #require(
            try Self.parse([
                ("ev", Array(Self.event.description.utf8)), ("ep", Array("7".utf8)), ("sq", Array("9".utf8)),
                ("at", Array("1800000000000".utf8)), ("ty", Array("\(Self.tier) 10 9 1 0 0 100 general".utf8)),
                (Self.booking.description, Array("\(image)|acks:1|00-1-2-01,request".utf8)),
            ])?.get())
        let transition = try #require(entry.transitions.first)
        #expect(transition.image.key?.description == key && transition.claimed == nil)
        #expect(transition.channel == "acks:1" && transition.requestID == "request")
        #expect(entry.tiers.first?.held == 1)
    }
}
