import Booking
import EventLoop
import LuaLibrary
import RedisClient

/// The one door to all changes of an event: whatever reaches this loop for it within one tick is one call.
extension Inventory {
    /// Has Redis do one thing, and deals with what need not concern whoever asked: an epoch that is known no more, due
    /// holds that had to be released first, and an answer that was lost.
    func perform(_ call: OperationCall) {
        guard knownEpoch(call.partition) == nil else { return submit(call) }
        epoch(call.partition) { [self] result in
            if case .failure(let error) = result { call.fail(error) } else { submit(call) }
        }
    }

    /// The same within a task.
    ///
    /// - Parameters:
    ///   - moreLimit: how often it is repeated while due holds are being released.
    ///   - isRepeatable: whether it may be asked again after a lost answer: a second ask finds what the first one did.
    /// - Returns: what was decided; `.more` when holds were still being released, `.noEvent`.
    /// - Throws: `.unavailable`, `.recovering`, `.overloaded`: nothing was done. `.outcomeUnknown`: the answer was lost.
    func perform(
        _ operation: Operation, of event: EventID, moreLimit: Int, isRepeatable: Bool
    ) async throws(InventoryError) -> OperationAnswer {
        let result = await withUnsafeContinuation { continuation in
            let call = OperationCall(
                operation, of: event, keys.partition(of: event), moreLimit: moreLimit, isRepeatable: isRepeatable
            ) { continuation.resume(returning: $0) }
            perform(call)
        }
        return try result.get()
    }

    private func submit(_ call: OperationCall) {
        let waiting = OperationBatcher.Waiting(operation: call.operation, again: call.again) { [self] answer in
            if call.take(answer, self) { perform(call) }
        }
        batcher.add(waiting, of: call.event)
    }

    /// Sends one group; every member is answered exactly once, and after that `landed` is told whether Redis answered.
    func sendGroup(_ event: EventID, _ group: [OperationBatcher.Waiting], _ landed: @escaping (Bool) -> Void) {
        let partition = keys.partition(of: event)
        let identity: String
        do throws(InventoryError) {
            identity = try self.identity()
        } catch {
            for member in group { member.resume(.failure(error)) }
            return landed(false)
        }
        guard let epoch = knownEpoch(partition) else {
            for member in group { member.resume(.success(.staleEpoch)) }
            return landed(false)
        }
        onGroup(group.count)
        let asked = monotonicNanoseconds()
        let call = groupCall(functions.apply, event, group, epoch: epoch, identity: identity)
        // Not weak: every use of an object that has weak references takes the slow way, and each call ends.
        connection.call(call) { [self] result in
            guard case .failure(let error) = result, error.serverError?.kind == .outOfMemory,
                group.contains(where: { !$0.operation.takesUnits })
            else {
                answer(group, result, asked: asked)
                return landed(Self.isAnswered(result))
            }
            // Redis is full: what takes nothing is done all the same.
            let call = groupCall(functions.applyFull, event, group, epoch: epoch, identity: identity)
            connection.call(call) { [self] result in
                answer(group, result, asked: asked)
                landed(Self.isAnswered(result))
            }
        }
    }

    private static func isAnswered(_ result: Result<RedisValue, RedisError>) -> Bool {
        if case .failure(let error) = result { error.code == .server } else { true }
    }

    private func answer(_ group: [OperationBatcher.Waiting], _ result: Result<RedisValue, RedisError>, asked: Int64) {
        let answers = GroupReply.answers(result, count: group.count)
        for (member, answer) in zip(group, answers) {
            if case .claim(let request) = member.operation {
                if case .success(.decided(let decision)) = answer { note(decision, to: request, asked: asked) }
            } else {
                // It may have given units back: who did that here finds them.
                soldOut.forgetAll()
            }
            member.resume(answer)
        }
    }

    /// Takes notice of what a claim was told of what is left.
    private func note(_ decision: OperationAnswer.Decision, to request: ClaimRequest, asked: Int64) {
        switch decision.word {
        case "HELD": soldOut.noteHeld(request)
        case "SOLD_OUT", "NOT_ENOUGH":
            if let outcome = ClaimOutcome(decision) { soldOut.note(request, outcome, asked: asked) }
        default: break
        }
    }

    /// The arguments, as the header of `lua/apply.lua` has them.
    private func groupCall(
        _ function: RedisFunction, _ event: EventID, _ group: [OperationBatcher.Waiting], epoch: String,
        identity: String
    ) -> RedisFunctionCall {
        var call = RedisFunctionCall(function, keyCount: 2, argumentCount: 4)
        call.append(keys.meta(keys.partition(of: event)))
        call.append(keys.event(event))
        call.append(epoch)
        call.append(Self.openState(epoch: epoch, identity: identity))
        call.append(channel)
        operationBytes.removeAll(keepingCapacity: true)
        for member in group { member.operation.append(to: &operationBytes, again: member.again) }
        call.append(operationBytes)
        return call
    }
}
