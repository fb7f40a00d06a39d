import Foundation

/// Random numbers that can be replayed from a seed: SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom
/// number generators", 2014).
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    package let seed: UInt64
    private var state: UInt64

    /// Starts the sequence of `seed`.
    package init(seed: UInt64) {
        self.seed = seed
        self.state = seed
    }

    /// A generator with a new seed, printed so that a failure can be replayed with `USHER_TEST_SEED`.
    package static func fromEnvironment(_ test: String = #function) -> SeededGenerator {
        let given = ProcessInfo.processInfo.environment["USHER_TEST_SEED"].flatMap { UInt64($0) }
        let seed = given ?? UInt64.random(in: .min ... .max)
        print("\(test): USHER_TEST_SEED=\(seed)")
        return SeededGenerator(seed: seed)
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
