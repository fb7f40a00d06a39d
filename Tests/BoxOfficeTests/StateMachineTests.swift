import BoxOffice
import Foundation
import Testing

@Suite("State machines")
struct StateMachineTests {
    /// As in `docs/state-machine.md`; a transition that is not listed is not allowed.
    private static let bookings: [BookingStatus: [BookingTrigger: BookingStatus]] = [
        .reserved: [.payStarts: .pendingPayment, .succeeds: .confirmed, .cancel: .cancelled, .timePasses: .expired],
        .pendingPayment: [
            .succeeds: .confirmed, .isDeclined: .reserved, .isDeclinedLate: .expired, .isDeclinedFinally: .failed,
            .cancel: .cancelled, .timePasses: .expired,
        ],
        .confirmed: [.cancel: .cancelled],
        .expired: [.succeeds: .confirmed],
        .failed: [.succeeds: .confirmed],
        .cancelled: [:],
    ]

    private static let payments: [PaymentStatus: [PaymentTrigger: PaymentStatus]] = [
        .pending: [.succeeds: .succeeded, .succeedsWithoutUnits: .refundDue, .fails: .failed],
        .failed: [.succeeds: .succeeded, .succeedsWithoutUnits: .refundDue],
        .succeeded: [.requiresRefund: .refundDue],
        .refundDue: [.isRefunded: .refunded],
        .refunded: [:],
    ]

    @Test("every event in every booking status", arguments: BookingStatus.allCases, BookingTrigger.allCases)
    func booking(status: BookingStatus, event: BookingTrigger) throws {
        let row = try #require(Self.bookings[status])
        #expect(status.after(event) == row[event])
    }

    @Test("every event in every payment status", arguments: PaymentStatus.allCases, PaymentTrigger.allCases)
    func payment(status: PaymentStatus, event: PaymentTrigger) throws {
        let row = try #require(Self.payments[status])
        #expect(status.after(event) == row[event])
    }

    @Test("docs/state-machine.md draws exactly these transitions")
    func drawn() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
        let document = try String(contentsOf: root.appendingPathComponent("docs/state-machine.md"), encoding: .utf8)
        let drawn = document.matches(of: /(?m)^    ([A-Z_]+) --> ([A-Z_]+): (\w+)$/).map { "\($0.1) \($0.3) \($0.2)" }
        let bookings = BookingStatus.allCases.flatMap { status in
            BookingTrigger.allCases.compactMap { event in
                status.after(event).map { "\(status.rawValue) \(event) \($0.rawValue)" }
            }
        }
        let payments = PaymentStatus.allCases.flatMap { status in
            PaymentTrigger.allCases.compactMap { event in
                status.after(event).map { "\(status.rawValue) \(event) \($0.rawValue)" }
            }
        }
        #expect(drawn.sorted() == (bookings + payments).sorted())
        for event in BookingTrigger.allCases.map(\.rawValue) + PaymentTrigger.allCases.map(\.rawValue) {
            #expect(document.contains("`\(event)`"), "\(event) is not explained")
        }
    }

    @Test("a charged payment never becomes an uncharged one")
    func charged() {
        #expect(PaymentStatus.allCases.filter(\.isCharged) == [.succeeded, .refundDue, .refunded])
        for status in PaymentStatus.allCases where status.isCharged {
            for event in PaymentTrigger.allCases { #expect(status.after(event)?.isCharged != false) }
        }
    }

    @Test("an ended booking becomes live only by a payment, a cancelled one never")
    func ends() {
        for status in BookingStatus.allCases where !status.isLive {
            for event in BookingTrigger.allCases where event != .succeeds { #expect(status.after(event) == nil) }
        }
        for event in BookingTrigger.allCases { #expect(BookingStatus.cancelled.after(event) == nil) }
    }
}
