import JSON

/// What the simulated provider may do wrong. At most one thing a request.
public enum Misbehaviour: String, Sendable, CaseIterable {
    /// Answers 500 and does nothing.
    case error
    /// Does it, and answers 500.
    case errorAfter = "error-after"
    /// Loses the connection and does nothing.
    case reset
    /// Does it, and loses the connection.
    case resetAfter = "reset-after"
    /// Does it, and never answers.
    case timeout
    /// Does it, and answers late.
    case slow
    /// Does it late, whoever may still wait for it: the request was stuck on its way.
    case delay
    /// Answers pending; takes the money and calls back later.
    case later
    /// Calls back twice at the same time.
    case twice
    /// Calls back that the charge has failed, after it has called back that it has succeeded.
    case disorder
    /// Calls back with one minor unit more than was taken.
    case wrongAmount = "wrong-amount"
    /// Takes one minor unit more than was asked for, and says so everywhere.
    case overcharge
    /// Refuses a refund this time.
    case refuseRefund = "refuse-refund"

    /// A kind of request.
    enum Occasion {
        case charge, lookup, refund
    }

    /// Whether it can happen then.
    func isPossible(at occasion: Occasion) -> Bool {
        switch self {
        case .error, .reset, .timeout, .slow: true
        case .errorAfter, .resetAfter: occasion != .lookup
        case .delay, .later, .twice, .disorder, .wrongAmount, .overcharge: occasion == .charge
        case .refuseRefund: occasion == .refund
        }
    }
}

/// How likely each misbehaviour is, and the dice: the same seed gives the same sequence, one throw a request.
public struct Misbehaviours: Sendable {
    private let parts: [(misbehaviour: Misbehaviour, probability: Double)]
    private var state: UInt64

    /// No misbehaviour but what is named.
    ///
    /// - Parameter text: `timeout=0.05,twice=0.1`; may be empty.
    /// - Returns: `nil` for an unknown name, or when the probabilities are not in 0…1 together.
    public init?(_ text: String, seed: UInt64) {
        var parts: [(Misbehaviour, Double)] = []
        for part in text.split(separator: ",") {
            let pair = part.split(separator: "=", omittingEmptySubsequences: false)
            guard pair.count == 2, let misbehaviour = Misbehaviour(rawValue: String(pair[0])),
                let probability = Double(pair[1]), (0...1).contains(probability)
            else { return nil }
            parts.append((misbehaviour, probability))
        }
        // A sum of decimal fractions may be a little more than what it should be.
        guard parts.map(\.1).reduce(0, +) <= 1.000001 else { return nil }
        self.parts = parts
        state = seed
    }

    /// Throws the dice for a request.
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
