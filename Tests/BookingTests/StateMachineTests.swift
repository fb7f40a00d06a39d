import Booking
import Testing

@Suite("State machines")
struct StateMachineTests {
    /// As the diagram of `architecture.md` has it; what is not here does not happen.
    private static let bookings: [BookingStatus: [BookingEvent: BookingStatus]] = [
        .reserved: [.payStarts: .pendingPayment, .succeeds: .confirmed, .cancel: .cancelled, .timePasses: .expired],
        .pendingPayment: [
            .succeeds: .confirmed, .isDeclined: .reserved, .isDeclinedLate: .expired, .isDeclinedForGood: .failed,
            .cancel: .cancelled, .timePasses: .expired,
        ],
        .confirmed: [.cancel: .cancelled],
        .expired: [.succeeds: .confirmed],
        .failed: [.succeeds: .confirmed],
        .cancelled: [:],
    ]

    private static let payments: [PaymentStatus: [PaymentEvent: PaymentStatus]] = [
        .pending: [.succeeds: .succeeded, .succeedsForNothing: .refundDue, .fails: .failed],
        .failed: [.succeeds: .succeeded, .succeedsForNothing: .refundDue],
        .succeeded: [.hasToGoBack: .refundDue],
        .refundDue: [.wentBack: .refunded],
        .refunded: [:],
    ]

    @Test("every booking status with every event", arguments: BookingStatus.allCases, BookingEvent.allCases)
    func booking(status: BookingStatus, event: BookingEvent) throws {
        let row = try #require(Self.bookings[status])
        #expect(status.after(event) == row[event])
    }

    @Test("every payment status with every event", arguments: PaymentStatus.allCases, PaymentEvent.allCases)
    func payment(status: PaymentStatus, event: PaymentEvent) throws {
        let row = try #require(Self.payments[status])
        #expect(status.after(event) == row[event])
    }

    @Test("money that was taken is told from money that was not, and never becomes it")
    func charged() {
        #expect(PaymentStatus.allCases.filter(\.isCharged) == [.succeeded, .refundDue, .refunded])
        for status in PaymentStatus.allCases where status.isCharged {
            for event in PaymentEvent.allCases { #expect(status.after(event)?.isCharged != false) }
        }
    }

    @Test("nothing ends and lives again but by money, and cancelled is for ever")
    func ends() {
        for status in BookingStatus.allCases where !status.isLive {
            for event in BookingEvent.allCases where event != .succeeds { #expect(status.after(event) == nil) }
        }
        for event in BookingEvent.allCases { #expect(BookingStatus.cancelled.after(event) == nil) }
    }
}
