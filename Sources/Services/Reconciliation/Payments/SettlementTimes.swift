/// How long settlement waits, in seconds.
package struct SettlementTimes: Sendable {
    /// After this no charge of an attempt can be under way any more: the time of an attempt (`lua/lib/payments.lua`).
    /// `PaymentFlow` does not send a charge that late.
    package var oldSeconds: Int64 = 120
    /// Until a charge that a provider reported should be in `payments`, and between two lookups of a doubtful one.
    package var reportedSeconds: Int64 = 10
    /// Until a charge that has no booking, or not its booking's price, is refunded: the booking may still appear.
    package var keptSeconds: Int64 = 3600

    package init() {}
}
