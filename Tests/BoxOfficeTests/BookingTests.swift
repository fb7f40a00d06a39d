import BoxOffice
import Support
import Testing

@Suite("Booking image")
struct BookingImageTests {
    private let image = Booking(
        version: 3, status: .confirmed, expiresAt: 1_800_000_000_000, paymentDeadline: nil, attempts: 1, extensions: 0,
        createdAt: 1_799_999_000_000, updatedAt: 1_799_999_500_000, confirmedAt: 1_799_999_500_000,
        event: EventID(UUIDBytes(high: 1, low: 2)), user: "auth0|ann, é\n%;", totalAmount: 9998, currency: "USD",
        key: ClaimKey(digest: Digest128(high: 1 << 63, low: 2), fingerprint: Digest128(high: 3, low: .max)),
        items: [
            BookingItem(
                tier: TierID(UUIDBytes(high: 3, low: 4)), quantity: 2, unitAmount: 4999,
                seats: [SeatPosition(number: 7), SeatPosition(number: 8)])
        ],
        payment: BookingPayment(
            id: PaymentID(UUIDBytes(high: 5, low: 6)), provider: "simulated", transactionID: "tx|1,2",
            status: .succeeded, amount: 9998),
        reason: nil)

    @Test("a round trip keeps any user name")
    func roundTrip() {
        #expect(Booking(text: image.text) == image)
    }

    @Test("has 17 fields; a missing, extra or malformed field is refused")
    func refusesMalformed() {
        #expect(image.text.split(separator: "|", omittingEmptySubsequences: false).count == Booking.fieldCount)
        #expect(Booking(text: image.text + "|") == nil)
        #expect(Booking(text: String(image.text.dropFirst(2))) == nil)
        #expect(Booking(text: image.text.replacing("CONFIRMED", with: "confirmed")) == nil)
        #expect(Booking(text: "") == nil)
        for index in 0..<Booking.fieldCount {
            var fields = image.text.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
            fields[index] += ","
            // Currency, digest and reason accept any text.
            #expect((Booking(text: fields.joined(separator: "|")) == nil) == ![12, 13, 16].contains(index))
        }
    }

    @Test("round trips with and without seats, payment, digest and reason, up to the largest numbers")
    func variants() {
        var image = image
        for seats in [[], [0], [1, 20, 300]].map({ $0.map(SeatPosition.init(number:)) }) {
            for payment in [nil, image.payment] {
                for number in [Int64.min, -1, 0, 1, .max] {
                    image.items = [1, 2].map { id in
                        BookingItem(tier: TierID(UUIDBytes(high: id, low: 0)), quantity: 7, unitAmount: 1, seats: seats)
                    }
                    image.payment = payment
                    if payment == nil { image.key = nil }
                    image.reason = seats.isEmpty ? nil : "hold-expired"
                    image.totalAmount = number
                    #expect(Booking(text: image.text) == image)
                }
            }
        }
    }

    @Test("random users round trip through escaping")
    func escaping() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<1000 {
            let scalars = (0..<Int.random(in: 0...20, using: &random)).compactMap { _ in
                Unicode.Scalar(UInt32.random(in: 1...0x2fff, using: &random))
            }
            let text = String(String.UnicodeScalarView(scalars))
            #expect(EscapedText.decode(ArraySlice(EscapedText.encode(text).utf8)) == text)
        }
        for wrong in ["%4", "%", "%4g", "%ff", "a|b", "é"] {
            #expect(EscapedText.decode(ArraySlice(wrong.utf8)) == nil)
        }
    }
}

@Suite("Identifiers")
struct IdentifierTests {
    @Test("a UUID is formatted in lower case and parsed in either case")
    func uuidText() {
        let uuid = UUIDBytes("0123ABCD-4567-89ab-cdef-0123456789AB")
        #expect(uuid?.description == "0123abcd-4567-89ab-cdef-0123456789ab")
        for wrong in [
            "", "0123abcd", "0123abcd-4567-89ab-cdef-0123456789a", "0123abcd-4567-89ab-cdef-0123456789abc",
            "0123abcd+4567-89ab-cdef-0123456789ab", "0123abcg-4567-89ab-cdef-0123456789ab",
        ] {
            #expect(UUIDBytes(wrong) == nil)
        }
    }

    @Test("a booking's id contains its partition; ids of other versions or partitions are refused")
    func bookingPartition() {
        let id = BookingID(partition: Partition(63), milliseconds: 1_800_000_000_000, random: .max)
        #expect(id.partition == Partition(63))
        #expect(BookingID(id.description, partitions: 64) == id)
        #expect(BookingID(id.description, partitions: 63) == nil)
        #expect(BookingID("0123abcd-4567-4000-8def-0123456789ab", partitions: 64) == nil)
    }

    @Test("CRC-32C gives the published check value")
    func crc() {
        // The check value of CRC-32/ISCSI.
        #expect(crc32c(Array("123456789".utf8)) == 0xe306_9283)
    }

    @Test("stream ids compare as numbers")
    func streamOrder() throws {
        let nine = try #require(StreamID("9-9"))
        let ten = try #require(StreamID("10-0"))
        #expect(nine < ten)
        #expect(StreamID("10") == nil)
    }
}
