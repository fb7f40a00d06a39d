import BoxOffice
import Loops

extension Inventory {
    /// The name of claims in traces.
    private static let claimName = "claim"

    /// How often a claim is repeated while due holds are being released; 8 × 64 holds.
    private static let claimMoreLimit = 8

    /// Claims units, together with this loop's other operations on the same event in the same tick.
    ///
    /// - Throws: `.unavailable`, `.recovering`, `.overloaded`: nothing was done. `.outcomeUnknown`: the answer was
    ///   lost, and so was that of the retry; another retry with the same booking id is safe.
    package func claim(_ request: ClaimRequest) async throws(InventoryError) -> ClaimOutcome {
        let result = await withUnsafeContinuation { continuation in
            claim(request) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// Claims units without a task.
    ///
    /// - Parameter then: called once, on the loop; possibly before this returns.
    package func claim(_ request: ClaimRequest, then: @escaping (Result<ClaimOutcome, InventoryError>) -> Void) {
        let start = onScript == nil ? 0 : monotonicNanoseconds()
        decide(request) { [self] result in
            onClaim(result)
            if let onScript {
                let hasFailed = if case .failure = result { true } else { false }
                onScript(Self.claimName, request.traceparent, monotonicNanoseconds() - start, hasFailed)
            }
            then(result)
        }
    }

    private func decide(_ request: ClaimRequest, then: @escaping (Result<ClaimOutcome, InventoryError>) -> Void) {
        let partition = keys.partition(of: request.event)
        guard knownEpoch(partition) == nil else { return refuseOrAsk(request, then: then) }
        epoch(partition) { [self] result in
            if case .failure(let error) = result { then(.failure(error)) } else { refuseOrAsk(request, then: then) }
        }
    }

    private func refuseOrAsk(_ request: ClaimRequest, then: @escaping (Result<ClaimOutcome, InventoryError>) -> Void) {
        guard let refusal = knownRefusal(request) else { return ask(request, then: then) }
        guard let key = request.idempotency else { return then(.success(refusal)) }
        keyLookup.ask(key.digest, of: request.event) { [self] isNew in
            if isNew { then(.success(refusal)) } else { ask(request, then: then) }
        }
    }

    private func ask(_ request: ClaimRequest, then: @escaping (Result<ClaimOutcome, InventoryError>) -> Void) {
        let partition = keys.partition(of: request.event)
        perform(
            OperationCall(
                .claim(request), of: request.event, partition, moreLimit: Self.claimMoreLimit, isRepeatable: true
            ) { [self] result in then(result.flatMap { outcome($0, request) }) })
    }

    private func outcome(
        _ answer: OperationAnswer, _ request: ClaimRequest
    ) -> Result<ClaimOutcome, InventoryError> {
        switch answer {
        case .decided(let decision):
            guard let outcome = ClaimOutcome(decision) else {
                return .failure(InventoryError(.scriptFailed, "claim: \(decision.word)"))
            }
            switch outcome {
            case .held, .existing: bookingEvents.note(request.booking, of: request.event)
            default: break
            }
            return .success(outcome)
        case .more: return .success(.heldByOthers(retryAt: 0))
        case .noEvent, .staleEpoch: return .success(.noEvent)
        }
    }

    /// Counts a claim that was refused from the sold-out cache like all other claims.
    ///
    /// - Parameters:
    ///   - trace: the request's trace context; evaluated only if claims are traced.
    ///   - start: when it arrived, monotonic nanoseconds.
    package func noteRefusal(_ outcome: ClaimOutcome, trace: @autoclosure () -> String, since start: Int64) {
        onClaim(.success(outcome))
        onScript?(Self.claimName, trace(), monotonicNanoseconds() - start, false)
    }
}
