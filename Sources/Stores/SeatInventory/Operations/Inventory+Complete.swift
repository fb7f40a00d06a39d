package import BoxOffice
import Loops
import LuaLibrary
import RedisClient

extension Inventory {
    /// Stores the answer to a request for 24 hours, unless its key belongs to another request or its user has reached
    /// the limit of keys.
    ///
    /// - Parameters:
    ///   - body: at most 2 KiB; a longer one is rebuilt from the booking when the request is repeated.
    ///   - then: called once, on the loop: with an error if the answer may not be stored.
    package func complete(
        _ request: IdempotentRequest, booking: BookingID, status: Int, body: [UInt8],
        then: @escaping (InventoryError?) -> Void
    ) {
        let report = traced(functions.remember.name, then)
        complete(request, booking, status, body, isLastAttempt: false, report)
    }

    /// If the epoch in memory is stale, it is read again and the call is retried once.
    private func complete(
        _ request: IdempotentRequest, _ booking: BookingID, _ status: Int, _ body: [UInt8], isLastAttempt: Bool,
        _ then: @escaping (InventoryError?) -> Void
    ) {
        let partition = booking.partition
        guard let epoch = knownEpoch(partition) else {
            return self.epoch(partition) { [self] result in
                if case .failure(let error) = result { return then(error) }
                complete(request, booking, status, body, isLastAttempt: isLastAttempt, then)
            }
        }
        let identity: String
        do throws(InventoryError) { identity = try self.identity() } catch { return then(error) }
        var call = RedisFunctionCall(functions.remember, keyCount: 3, argumentCount: 3)
        call.append(keys.meta(partition))
        call.append(keys.booking(booking))
        call.append(keys.idempotency(partition, digest: request.digest))
        call.append(epoch)
        call.append(Self.openState(epoch: epoch, identity: identity))
        call.append(StoredAnswer.bytes(request.fingerprint, booking, status: status, body))
        connection.call(call) { [self] result in
            switch result {
            case .failure(let error): then(InventoryError(error))
            case .success(let value):
                guard let reply = Reply(value) else { return then(InventoryError(.scriptFailed, "remember")) }
                guard reply.word == "STALE" || reply.word == "RECOVERING" else { return then(nil) }
                forgetEpoch(partition)
                guard !isLastAttempt else {
                    return then(InventoryError(.recovering, "partition \(partition.number)"))
                }
                complete(request, booking, status, body, isLastAttempt: true, then)
            }
        }
    }

    /// Reports a call of Redis that is made without a task to the tracer.
    private func traced(
        _ name: String, _ then: @escaping (InventoryError?) -> Void
    ) -> (InventoryError?) -> Void {
        guard let onScript = connection.onScript, let cause = ScriptCause.record else { return then }
        let start = monotonicNanoseconds()
        return { error in
            onScript(name, cause, monotonicNanoseconds() - start, error != nil)
            then(error)
        }
    }
}
