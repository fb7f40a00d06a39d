import BoxOffice
import Loops
import LuaLibrary
import RedisClient

/// All changes of an event go through here: the operations that reach this loop within one tick become one call.
extension Inventory {
    /// Executes an operation in Redis, and handles what the caller need not know about: a stale epoch, due holds that
    /// must be released first, and a lost answer.
    func perform(_ call: OperationCall) {
        guard knownEpoch(call.partition) == nil else { return submit(call) }
        epoch(call.partition) { [self] result in
            if case .failure(let error) = result { call.fail(error) } else { submit(call) }
        }
    }

    /// Executes an operation within a task.
    ///
    /// - Parameters:
    ///   - moreLimit: how often it is repeated while due holds are being released.
    ///   - isRepeatable: whether it may be retried after a lost answer: a retry finds the result of the first attempt.
    /// - Returns: the decision; `.more` if holds were still being released; `.noEvent`.
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

    /// Sends one group; every member is answered exactly once, and `landed` is then called with whether Redis answered.
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
        // Not weak: every use of an object with weak references takes the slow path, and each call ends.
        connection.call(call) { [self] result in
            guard case .failure(let error) = result, error.serverError?.kind == .outOfMemory,
                group.contains(where: { !$0.operation.takesUnits })
            else {
                answer(group, result, asked: asked)
                return landed(Self.isAnswered(result))
            }
            // Redis is full: operations that take no units are executed all the same.
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
                // The operation may have released units; drop the sold-out cache so this process sees them at once.
                soldOut.forgetAll()
            }
            member.resume(answer)
        }
    }

    /// Updates the sold-out cache from a claim's answer.
    private func note(_ decision: OperationAnswer.Decision, to request: ClaimRequest, asked: Int64) {
        switch decision.word {
        case "HELD": soldOut.noteHeld(request)
        case "SOLD_OUT", "NOT_ENOUGH":
            if let outcome = ClaimOutcome(decision) { soldOut.note(request, outcome, asked: asked) }
        default: break
        }
    }

    /// The call's arguments, as in the header of `lua/apply.lua`.
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
