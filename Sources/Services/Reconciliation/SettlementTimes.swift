/// How patient settlement is, in seconds.
package struct SettlementTimes: Sendable {
    /// After so long no charge of an attempt can be under way any more: the time of an attempt (`lua/lib/payments.lua`).
    /// `PaymentFlow` sends none that late.
    package var oldSeconds: Int64 = 120
    /// Until a charge that a provider told of should be in `payments`, and between two questions about a doubtful one.
    package var toldSeconds: Int64 = 10
    /// How long money is kept that is of no booking, or not what it costs: its booking may turn up yet.
    package var keptSeconds: Int64 = 3600

    /// The usual.
    package init() {}
}
