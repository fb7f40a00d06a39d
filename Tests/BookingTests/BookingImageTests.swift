import Booking
import Support
import Testing

@Suite("Booking image")
struct BookingImageTests {
    private let image = BookingImage(
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

    @Test("reads back what it wrote, whatever the user's name contains")
    func roundTrip() {
        #expect(BookingImage(text: image.text) == image)
    }

    @Test("has 17 fields, and refuses a text with one more or less, or with a bad one")
    func refusesMalformed() {
        #expect(image.text.split(separator: "|", omittingEmptySubsequences: false).count == BookingImage.fieldCount)
        #expect(BookingImage(text: image.text + "|") == nil)
        #expect(BookingImage(text: String(image.text.dropFirst(2))) == nil)
        #expect(BookingImage(text: image.text.replacing("CONFIRMED", with: "confirmed")) == nil)
        #expect(BookingImage(text: "") == nil)
        for index in 0..<BookingImage.fieldCount {
            var fields = image.text.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
            fields[index] += ","
            // Currency, digest and reason are any text.
            #expect((BookingImage(text: fields.joined(separator: "|")) == nil) == ![12, 13, 16].contains(index))
        }
    }

    @Test("is read with and without seats, payment, digest and reason, up to the largest numbers")
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
                    #expect(BookingImage(text: image.text) == image)
                }
            }
        }
    }

    @Test("random users survive escaping")
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
    @Test("a UUID is written in lower case and read in either")
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

    @Test("a booking's id carries its partition, and ids of other versions or partitions are none")
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
