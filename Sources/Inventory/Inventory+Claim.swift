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
    /// How often a claim is repeated while due holds are being returned; 8 × 64 holds.
    private static let moreLimit = 8

    /// Claims units, together with whatever else this loop claims of the same event in the same tick.
    ///
    /// - Throws: `.unavailable`, `.recovering`, `.overloaded`: nothing was done. `.outcomeUnknown`: the answer was lost,
    ///   and so was the answer to asking once more; asking again with the same booking id is safe.
    public func claim(_ request: ClaimRequest) async throws(InventoryError) -> ClaimOutcome {
        let start = onScript == nil ? 0 : monotonicNanoseconds()
        do throws(InventoryError) {
            let outcome = try await decided(request)
            onClaim(.success(outcome))
            onScript?(functions.reserve.name, request.traceparent, monotonicNanoseconds() - start, false)
            return outcome
        } catch {
            onClaim(.failure(error))
            onScript?(functions.reserve.name, request.traceparent, monotonicNanoseconds() - start, true)
            throw error
        }
    }

    private func decided(_ request: ClaimRequest) async throws(InventoryError) -> ClaimOutcome {
        let partition = keys.partition(of: request.event)
        var more = 0
        var stale = 0
        var again = false
        while true {
            do throws(InventoryError) {
                _ = try await epoch(partition)
            } catch {
                throw Self.final(error, again)
            }
            if !again, let refusal = await sureRefusal(request) { return refusal }
            switch await submit(request, again: again) {
            case .success(.decided(let outcome)):
                return outcome
            case .success(.more):
                more += 1
                if more == Self.moreLimit { return .heldByOthers(retryAt: 0) }
            case .success(.staleEpoch):
                forgetEpoch(partition)
                stale += 1
                guard stale < 2 else {
                    throw Self.final(InventoryError(.recovering, "partition \(partition.number)"), again)
                }
            case .failure(let error) where error.code == .outcomeUnknown && !again:
                // The very same claim again: the booking's id makes a late original a replay.
                again = true
            case .failure(let error):
                throw Self.final(error, again)
            }
        }
    }

    /// Once an answer was lost, no later refusal proves that nothing was done.
    private static func final(_ error: InventoryError, _ again: Bool) -> InventoryError {
        again ? InventoryError(.outcomeUnknown, error.detail) : error
    }

    private func submit(_ request: ClaimRequest, again: Bool) async -> Result<ClaimAnswer, InventoryError> {
        await withUnsafeContinuation { continuation in
            batcher.add(ClaimBatcher.Waiting(request: request, again: again) { continuation.resume(returning: $0) })
        }
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
        connection.call(call.script) { [weak self] result in
            let answers = GroupReply.answers(result, count: group.count, tiers: tiers)
            for (member, answer) in zip(group, answers) {
                if case .success(.decided(let outcome)) = answer {
                    self?.soldOut.note(member.request, outcome, asked: asked)
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
