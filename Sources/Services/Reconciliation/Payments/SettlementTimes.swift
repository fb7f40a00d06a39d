/// How long settlement waits, in seconds.
package struct SettlementTimes: Sendable {
    /// After this time no charge of an attempt can be in flight: it is an attempt's time limit
    /// (`lua/lib/payments.lua`), and `PaymentFlow` does not send a charge that late.
    package var oldSeconds: Int64 = 120
    /// How soon a reported charge should be in `payments`; also the pause between two lookups of a doubtful charge.
    package var reportedSeconds: Int64 = 10
    /// The time before the refund of a charge without a booking, or of a wrong amount: the booking may still appear.
    package var keptSeconds: Int64 = 3600

    package init() {}
}
