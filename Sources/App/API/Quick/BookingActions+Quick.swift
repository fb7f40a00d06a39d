import Accounts
import BoxOffice
import HTTP
import SeatInventory

/// The fast path for nearly all payments: by a customer's token, with the usual body. The layers above judge them
/// without a task, as they do claims; the rest waits for Redis, a provider and PostgreSQL in turn, in one task.
extension BookingActions {
    /// Takes a payment that qualifies for the fast path.
    func takePayment(_ exchange: HTTPExchange) -> Bool {
        let request = exchange.request
        guard context.configuration.redisIsDurable, request.isPlainJSON,
            let caller = context.authenticator.customer(of: exchange),
            let id = BookingID(utf8: request.parameter(0), partitions: context.inventory.keys.partitions),
            let body = QuickPayment(request.bodyBytes), let key = IdempotencyKey.plain(request)
        else { return false }
        if key.isEmpty, context.configuration.requiresIdempotencyKey { return false }
        // A key in the first storage format may have its own record.
        if !key.isEmpty, context.inventory.mayHaveFirstFormKeys(id.partition, now: context.now) { return false }
        let user = caller.principal.id
        var idempotency: IdempotentRequest?
        if !key.isEmpty {
            idempotency = IdempotencyKey.bound(
                Digest128(IdempotencyKey.digest(user, id.uuid, key)), action: .pay, secret: context.fingerprintKey
            ) { body.appendCanonical(to: &$0) }
        }
        let order = PaymentFlow.Order(
            booking: id, user: user, means: body.means, isOneShot: false,
            preference: Preference(request, usual: context.configuration.persistWait), idempotency: idempotency,
            traceparent: context.traceparent(request), availability: nil)
        exchange.laterTraced { [self] _ in await answer { try await pay(order, countsDeclines: true) } }
        return true
    }
}
