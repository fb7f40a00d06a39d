import JSON

/// A fault of the simulated provider; at most one a request.
package enum Misbehaviour: String, Sendable, CaseIterable {
    /// Does nothing, and answers 500.
    case error
    /// Does the work, and answers 500.
    case errorAfter = "error-after"
    /// Does nothing, and resets the connection.
    case reset
    /// Does the work, and resets the connection.
    case resetAfter = "reset-after"
    /// Does the work, and never answers.
    case timeout
    /// Does the work, and answers late.
    case slow
    /// Does the work late, even if the client has disconnected: the request was stuck in the network.
    case delay
    /// Answers pending; charges and calls back later.
    case later
    /// Calls back twice at the same time.
    case twice
    /// Calls back success, then failure.
    case disorder
    /// Calls back with one minor unit more than was charged.
    case wrongAmount = "wrong-amount"
    /// Charges one minor unit more than was requested, and reports this amount everywhere.
    case overcharge
    /// Refuses this refund.
    case refuseRefund = "refuse-refund"

    /// A kind of request.
    enum Occasion {
        case charge, lookup, refund
    }

    /// Whether the fault applies to a kind of request.
    func isPossible(at occasion: Occasion) -> Bool {
        switch self {
        case .error, .reset, .timeout, .slow: true
        case .errorAfter, .resetAfter: occasion != .lookup
        case .delay, .later, .twice, .disorder, .wrongAmount, .overcharge: occasion == .charge
        case .refuseRefund: occasion == .refund
        }
    }
}

/// The probabilities of faults, and the random generator: a seed determines the sequence, one number a request.
package struct Misbehaviours: Sendable {
    private let parts: [(misbehaviour: Misbehaviour, probability: Double)]
    private var state: UInt64

    /// Parses probabilities. Faults that are not named do not occur.
    ///
    /// - Parameter text: `timeout=0.05,twice=0.1`; may be empty.
    /// - Returns: `nil` for an unknown name, or if a probability or their sum is not in 0…1.
    package init?(_ text: String, seed: UInt64) {
        var parts: [(Misbehaviour, Double)] = []
        for part in text.split(separator: ",") {
            let pair = part.split(separator: "=", omittingEmptySubsequences: false)
            guard pair.count == 2, let misbehaviour = Misbehaviour(rawValue: String(pair[0])),
                let probability = Double(pair[1]), (0...1).contains(probability)
            else { return nil }
            parts.append((misbehaviour, probability))
        }
        // Tolerates rounding errors of the sum.
        guard parts.map(\.1).reduce(0, +) <= 1.000001 else { return nil }
        self.parts = parts
        state = seed
    }

    /// Chooses the fault of the next request, if any.
    mutating func next(_ occasion: Misbehaviour.Occasion) -> Misbehaviour? {
        var rest = Double(mixed() >> 11) / Double(1 << 53)
        for part in parts {
            rest -= part.probability
            if rest < 0 { return part.misbehaviour.isPossible(at: occasion) ? part.misbehaviour : nil }
        }
        return nil
    }

    /// SplitMix64 (Steele, Lea and Flood, 2014).
    private mutating func mixed() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
        bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
        return bits ^ (bits >> 31)
    }
}
