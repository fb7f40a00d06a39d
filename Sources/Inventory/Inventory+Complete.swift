public import Booking
import EventLoop
import LuaLibrary
import RedisClient

extension Inventory {
    /// Remembers the answer of a request for 24 hours, unless its key belongs to another request or its user has too
    /// many keys already.
    ///
    /// - Parameters:
    ///   - body: at most 2 KiB; a longer one is rebuilt from the booking when it is asked for again.
    ///   - then: called once, on the loop: with the error when it may not be remembered.
    public func complete(
        _ request: IdempotentRequest, booking: BookingID, status: Int, body: [UInt8],
        then: @escaping (InventoryError?) -> Void
    ) {
        let report = traced(functions.remember.name, then)
        complete(request, booking, status, body, isLastAttempt: false, report)
    }

    /// When the epoch in memory is stale it is read again, and the function called once more.
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

    /// Tells whoever traces calls of Redis of one that is made without a task.
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
