/// A breadth-first search of all possible histories: the first violation found has the shortest possible trace.
package struct Search {
    /// The result of a search.
    package struct Outcome: Sendable {
        /// Distinct states.
        package var states = 0
        /// Steps tried.
        package var steps = 0
        /// The longest of the shortest traces, in steps.
        package var depth = 0
        /// Whether every state was searched.
        package var isExhaustive = false
        /// How long the search took.
        package var time = Duration.zero
        /// The violation found.
        package var violation = Violation.none
        /// The steps to the violation, in words.
        package var trace: [String] = []
    }

    private var world: World
    private var seen: Set<UInt64> = []
    private var parents: [UInt32] = [0]
    private var moves: [UInt32] = [0]

    /// A search of this world.
    package init(_ setup: Setup) { world = World(setup) }

    /// Searches until a violation or a bound is reached.
    ///
    /// - Parameters:
    /// - depth: the maximum number of steps; `nil` for no limit.
    /// - states: the maximum number of states.
    package mutating func run(depth: Int? = nil, states: Int = .max) -> Outcome {
        let start = ContinuousClock.now
        var outcome = search(depth, states)
        outcome.time = ContinuousClock.now - start
        return outcome
    }

    private mutating func search(_ depth: Int?, _ states: Int) -> Outcome {
        var outcome = Outcome()
        var front = [world.first]
        var numbers: [UInt32] = [0]
        seen.insert(Self.hash(world.first))
        while !front.isEmpty, outcome.depth < depth ?? .max {
            var nextFront: [State] = []
            var nextNumbers: [UInt32] = []
            for (state, number) in zip(front, numbers) {
                world.advance(state)
                for (move, new) in world.next {
                    outcome.steps += 1
                    guard seen.insert(Self.hash(new)).inserted else { continue }
                    parents.append(number)
                    moves.append(move.code)
                    if new.violation != .none {
                        return end(outcome, new.violation, number: parents.count - 1)
                    }
                    nextFront.append(new)
                    nextNumbers.append(UInt32(parents.count - 1))
                }
                guard parents.count < states else { return end(outcome, .none, number: nil) }
            }
            if !nextFront.isEmpty { outcome.depth += 1 }
            (front, numbers) = (nextFront, nextNumbers)
        }
        outcome.isExhaustive = front.isEmpty
        return end(outcome, .none, number: nil)
    }

    private mutating func end(_ outcome: Outcome, _ violation: Violation, number: Int?) -> Outcome {
        var outcome = outcome
        outcome.states = parents.count
        outcome.violation = violation
        if let number {
            outcome.trace = trace(number)
            outcome.depth = outcome.trace.count
        }
        return outcome
    }

    /// Replays the path from the first state.
    private mutating func trace(_ number: Int) -> [String] {
        var path: [UInt32] = []
        var number = number
        while number > 0 {
            path.append(moves[number])
            number = Int(parents[number])
        }
        var words: [String] = []
        var state = world.first
        for code in path.reversed() {
            world.advance(state)
            guard let step = world.next.first(where: { $0.move.code == code }) else { break }
            state = step.state
            words.append(step.move.words(state))
        }
        return words
    }

    /// 64 bits of a state (FNV-1a over words, mixed): among ten million states, the chance of a collision is 1 in
    /// 370,000; one of the two is then not searched.
    private static func hash(_ state: State) -> UInt64 {
        withUnsafeBytes(of: state) { bytes in
            var hash: UInt64 = 0xcbf2_9ce4_8422_2325
            var index = 0
            while index < bytes.count {
                var word: UInt64 = 0
                if index + 8 <= bytes.count {
                    word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                } else {
                    for rest in index..<bytes.count { word = word << 8 | UInt64(bytes[rest]) }
                }
                hash = (hash ^ word) &* 0xff51_afd7_ed55_8ccd
                hash ^= hash >> 32
                index += 8
            }
            return hash
        }
    }
}

extension Move {
    /// Distinguishes the steps from one state.
    var code: UInt32 {
        UInt32(kind.rawValue) | UInt32(actor) << 8 | UInt32(object) << 16 | (isRefused ? 1 << 24 : 0)
    }
}
