import BoxOffice
import Support
import Testing

@testable import SeatInventory

@Suite("Booking record")
struct BookingRecordTests {
    private static let tier = TierID(UUIDBytes(high: 0x0102_0304_0506_0708, low: 0x090a_0b0c_0d0e_0f10))

    private static let held = BookingRecord(
        image: Booking(
            version: 1, status: .reserved, expiresAt: 1_800_000_600_000, paymentDeadline: nil, attempts: 0,
            extensions: 0, createdAt: 1_800_000_000_000, updatedAt: 1_800_000_000_000, confirmedAt: nil,
            event: EventID(UUIDBytes(high: 1, low: 2)), user: "ann", totalAmount: 2 * 4999, currency: "USD",
            key: ClaimKey(digest: Digest128(high: 3, low: 4), fingerprint: Digest128(high: 5, low: 6)),
            items: [BookingItem(tier: tier, quantity: 2, unitAmount: 4999)], payment: nil, reason: nil),
        epoch: 7, entry: StreamID(milliseconds: 1_800_000_000_001, sequence: 9), flags: [], left: [98],
        firstAnswer: nil)

    @Test("a hold's bytes match docs/redis.md")
    func bytes() {
        let expected =
            "62 01 00 000001 00000007 01a3185c5001 00000009 00000000000000010000000000000002"
            + "01a3186577c0 000000000000 00 00 01a3185c5000 01a3185c5000 000000000000"
            + "0003 616e6e 00000000000000030000000000000004 00000000000000050000000000000006 555344"
            + "01 67 0102030405060708090a0b0c0d0e0f10 0002 000000001387 01 00000062"
        let bytes = Self.held.bytes
        #expect(bytes.map { hex($0) }.joined() == expected.filter { $0 != " " })
        #expect(bytes.count == Layout.bookingHead.width + 2 + 3 + 32 + 3 + 1 + Layout.bookingLine.width + 1 + 4)
    }

    private func hex(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }

    @Test("reader and writer follow the layout")
    func layout() {
        #expect(Layout.bookingHead.width == BookingLayout.headWidth)
        #expect(Layout.bookingHead["epoch"]?.offset == BookingLayout.epochOffset)
        #expect(Layout.bookingHead["entryMilliseconds"]?.offset == BookingLayout.entryOffset)
        #expect(Layout.bookingHead["event"]?.offset == BookingLayout.eventOffset)
        #expect(Layout.bookingHead.packFormat == ">c1I1I1I3I4I6I4c16I6I6I1I1I6I6I6")
        #expect(Layout.tier.width == 27)
        #expect(Layout.eventNumbers.width == 32)
    }

    @Test("any record round trips, but not with a byte missing or added")
    func roundTrip() {
        var random = SeededGenerator.fromEnvironment()
        for _ in 0..<2000 {
            let record = Self.any(&random)
            let bytes = record.bytes
            #expect(BookingRecord(bytes[...]) == record)
            let cut = Int.random(in: 0..<bytes.count, using: &random)
            // A record cut before its tail is a valid record of an earlier state.
            if let shorter = BookingRecord(bytes[..<cut]) {
                #expect(shorter.image.payment == nil && shorter.image.reason == nil && shorter.firstAnswer == nil)
                #expect(shorter.bytes.elementsEqual(bytes[..<cut]))
            }
            #expect(BookingRecord((bytes + [0])[...]).map { $0.bytes.count == bytes.count + 1 } != true)
        }
    }

    @Test("random bytes are refused or round trip, and never trap")
    func garbage() {
        var random = SeededGenerator.fromEnvironment()
        for _ in 0..<5000 {
            var bytes = Self.any(&random).bytes
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
            }
            _ = BookingRecord(bytes[...])?.claimAnswer
        }
    }

    @Test("the claim's answer stays the same after later changes of the booking")
    func claimAnswer() throws {
        var record = Self.held
        let first = try #require(record.claimAnswer)
        #expect(first.image == record.image)
        #expect(first.availability == [TierAvailability(tier: Self.tier, available: 98)])
        record.firstAnswer = BookingRecord.FirstAnswer(
            expiresAt: record.image.expiresAt, items: record.image.items)
        record.image.version = 4
        record.image.status = .confirmed
        record.image.expiresAt += 1
        record.image.updatedAt += 5
        record.image.confirmedAt = record.image.updatedAt
        record.image.items = [BookingItem(tier: Self.tier, quantity: 1, unitAmount: 4999)]
        record.image.totalAmount = 4999
        let again = try #require(BookingRecord(record.bytes[...])?.claimAnswer)
        #expect(again.image == first.image)
        #expect(again.availability == first.availability)
        for flags in [BookingRecord.Flags.oneShot, .answerUnknown] {
            record.flags = flags
            #expect(record.claimAnswer == nil)
        }
    }

    @Test("a record is rebuilt completely from PostgreSQL's row and the stored part of the claim's answer")
    func rebuilt() {
        var random = SeededGenerator.fromEnvironment()
        for _ in 0..<500 {
            var record = Self.any(&random)
            if record.firstAnswer == nil, record.left.count != record.image.items.count { continue }
            record.entry = nil
            let rebuilt = BookingRecord(image: record.image, epoch: record.epoch, claimed: record.claimed)
            if !record.flags.contains(.answerUnknown) {
                #expect(rebuilt == record)
            } else {
                #expect(rebuilt.claimAnswer == nil && rebuilt.image == record.image)
            }
            let unknown = BookingRecord(image: record.image, epoch: record.epoch, claimed: [1, 2])
            #expect(unknown.flags == .answerUnknown && unknown.claimAnswer == nil)
        }
    }

    private static func any(_ random: inout SeededGenerator) -> BookingRecord {
        func number(_ limit: Int64) -> Int64 { Int64.random(in: 0...limit, using: &random) }
        func uuid() -> UUIDBytes { UUIDBytes(high: random.next(), low: random.next()) }
        func text(_ limit: Int) -> String {
            let scalars = (0..<Int(number(Int64(limit)))).compactMap { _ in Unicode.Scalar(UInt32(number(0x2fff))) }
            return String(String.UnicodeScalarView(scalars))
        }
        func lines() -> [BookingItem] {
            (0..<Int(number(4))).map { _ in
                let seats = (0..<Int(number(5))).map { _ in SeatPosition(number: Int(number(0xff_ffff))) }.sorted()
                return BookingItem(
                    tier: TierID(uuid()), quantity: seats.isEmpty ? Int(number(999)) + 1 : seats.count,
                    unitAmount: number(1_000_000), seats: seats)
            }
        }
        let items = lines()
        let first = number(3) == 0 ? BookingRecord.FirstAnswer(expiresAt: number(1 << 41), items: lines()) : nil
        let isPaid = number(1) == 1
        let payment = BookingPayment(
            id: PaymentID(uuid()), provider: "simulated", transactionID: number(1) == 0 ? nil : "t" + text(20),
            status: PaymentStatus.allCases[Int(number(4))], amount: number(1 << 47), refundAmount: number(1 << 47),
            refundedAmount: number(1 << 47))
        let digest = Digest128(high: random.next(), low: random.next())
        let image = Booking(
            version: number(0xff_ffff), status: BookingStatus.allCases[Int(number(5))], expiresAt: number(1 << 41),
            paymentDeadline: number(1) == 0 ? nil : number(1 << 41) + 1, attempts: Int(number(255)),
            extensions: Int(number(2)), createdAt: number(1 << 41), updatedAt: number(1 << 41),
            confirmedAt: number(1) == 0 ? nil : number(1 << 41) + 1, event: EventID(uuid()),
            user: UserID(stored: text(128)), totalAmount: items.reduce(0) { $0 + $1.amount }, currency: "EUR",
            key: number(1) == 0 ? nil : ClaimKey(digest: digest, fingerprint: digest), items: items,
            payment: isPaid ? payment : nil, reason: number(1) == 0 ? nil : "hold-expired")
        return BookingRecord(
            image: image, epoch: number(1 << 31),
            entry: number(1) == 0 ? nil : StreamID(milliseconds: number(1 << 41) + 1, sequence: number(1 << 20)),
            flags: BookingRecord.Flags(rawValue: UInt8(number(3))),
            left: (first?.items ?? items).map { _ in Int(number(1 << 31)) }, firstAnswer: first)
    }
}
