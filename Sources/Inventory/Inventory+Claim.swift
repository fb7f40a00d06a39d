import Booking
import EventLoop
import LuaLibrary
import RedisClient

/// What the script said to one request, before MORE and lost answers are dealt with.
enum ClaimAnswer {
    case decided(ClaimOutcome)
    /// Due holds were returned, others may be due: ask again at once.
    case more
    /// The epoch in memory is not the partition's.
    case staleEpoch
}

extension Inventory {
    /// Claims units, together with whatever else this loop claims of the same event in the same tick.
    ///
    /// - Throws: `.unavailable`, `.recovering`, `.overloaded`: nothing was done. `.outcomeUnknown`: the answer was lost,
    ///   and so was the answer to asking once more; asking again with the same booking id is safe.
    public func claim(_ request: ClaimRequest) async throws(InventoryError) -> ClaimOutcome {
        let result = await withUnsafeContinuation { continuation in
            claim(request) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// The same without a task.
    ///
    /// - Parameter then: called once, on the loop; perhaps before this returns.
    public func claim(_ request: ClaimRequest, then: @escaping (Result<ClaimOutcome, InventoryError>) -> Void) {
        let start = onScript == nil ? 0 : monotonicNanoseconds()
        let call = ClaimCall(request, keys.partition(of: request.event)) { [self] result in
            onClaim(result)
            if let onScript {
                let hasFailed = if case .failure = result { true } else { false }
                onScript(functions.reserve.name, request.traceparent, monotonicNanoseconds() - start, hasFailed)
            }
            then(result)
        }
        ask(call)
    }

    private func ask(_ call: ClaimCall) {
        guard knownEpoch(call.partition) == nil else { return refuseOrSubmit(call) }
        epoch(call.partition) { [self] result in
            if case .failure(let error) = result { call.fail(error) } else { refuseOrSubmit(call) }
        }
    }

    private func refuseOrSubmit(_ call: ClaimCall) {
        guard !call.again, let refusal = knownRefusal(call.request) else { return submit(call) }
        guard let key = call.request.idempotency else { return call.decide(refusal) }
        keyLookup.ask(key.digest, call.partition) { [self] isNew in
            if isNew { call.decide(refusal) } else { submit(call) }
        }
    }

    private func submit(_ call: ClaimCall) {
        batcher.add(
            ClaimBatcher.Waiting(request: call.request, again: call.again) { [self] answer in
                if call.take(answer, self) { ask(call) }
            })
    }

    /// Sends one group; every member is answered exactly once, and after that `landed` is told whether Redis answered.
    func sendGroup(_ event: EventID, _ group: [ClaimBatcher.Waiting], _ landed: @escaping (Bool) -> Void) {
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
        let call = groupCall(event, group, partition: partition, epoch: epoch, identity: identity)
        let tiers = call.tiers
        onGroup(group.count)
        let asked = monotonicNanoseconds()
        connection.call(call.script) { [self] result in
            let answers = GroupReply.answers(result, count: group.count, tiers: tiers)
            for (member, answer) in zip(group, answers) {
                if case .success(.decided(let outcome)) = answer {
                    soldOut.note(member.request, outcome, asked: asked)
                }
                member.resume(answer)
            }
            if case .failure(let error) = result, error.code != .server { landed(false) } else { landed(true) }
        }
    }

    /// The arguments, as the header of `lua/reserve.lua` has them.
    private func groupCall(
        _ event: EventID, _ group: [ClaimBatcher.Waiting], partition: Partition, epoch: String, identity: String
    ) -> (script: RedisFunctionCall, tiers: [TierID]) {
        var tiers: [TierID] = []
        for member in group {
            for case let tier? in member.request.items.map(\.tier) where !tiers.contains(tier) { tiers.append(tier) }
        }
        let keyed = group.count { $0.request.idempotency != nil }
        let items = group.reduce(0) { $0 + $1.request.items.count }
        var call = RedisFunctionCall(
            functions.reserve, keyCount: 4 + group.count + keyed,
            argumentCount: 5 + tiers.count + 10 * group.count + 3 * items)
        for key in [keys.meta(partition), keys.event(event), keys.seatMap(event), keys.longestRuns(event)] {
            call.append(key)
        }
        for member in group { call.append(keys.booking(member.request.booking)) }
        for member in group {
            guard let idempotency = member.request.idempotency else { continue }
            call.append(keys.idempotency(partition, digest: idempotency.digest))
        }
        for text in [epoch, identity, event.description] { call.append(text) }
        call.append(Int64(group.count))
        call.append(Int64(tiers.count))
        for tier in tiers { call.append(tier.description) }
        for member in group { append(member, tiers: tiers, to: &call) }
        return (call, tiers)
    }

    private func append(_ member: ClaimBatcher.Waiting, tiers: [TierID], to call: inout RedisFunctionCall) {
        let request = member.request
        call.append(request.booking.description)
        call.append(EscapedText.encode(request.user.text))
        call.append(request.idempotency?.digest ?? "")
        call.append(request.idempotency?.fingerprint ?? "")
        call.append(request.answersLater ? "run" : "claim")
        call.append(request.idempotency?.patienceMilliseconds ?? 0)
        call.append(member.again ? "1" : "0")
        call.append("")
        call.append(request.traceparent)
        call.append(Int64(request.items.count))
        for item in request.items {
            switch item {
            case .units(let tier, let count): append("g", tiers.firstIndex(of: tier), String(count), to: &call)
            case .best(let tier, let count): append("b", tiers.firstIndex(of: tier), String(count), to: &call)
            case .seats(let seats): append("s", nil, SeatPosition.text(seats), to: &call)
            }
        }
    }

    private func append(_ kind: StaticString, _ tier: Int?, _ what: String, to call: inout RedisFunctionCall) {
        call.append(kind)
        call.append(Int64(tier.map { $0 + 1 } ?? 0))
        call.append(what)
    }
}
