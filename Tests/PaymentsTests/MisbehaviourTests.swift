import Support
import Testing

@testable import ProviderSimulator

@Suite("Misbehaviours of usher payments-sim")
struct MisbehaviourTests {
    @Test("a seed determines the sequence of faults")
    func seeds() throws {
        func throwsOf(_ seed: UInt64) throws -> [Misbehaviour?] {
            var dice = try #require(Misbehaviours("error=0.2,twice=0.3,later=0.1", seed: seed))
            return (0..<1000).map { _ in dice.next(.charge) }
        }
        let seed = SeededGenerator.fromEnvironment().seed
        #expect(try throwsOf(seed) == throwsOf(seed))
        #expect(try throwsOf(seed) != throwsOf(seed &+ 1))
    }

    @Test("each fault occurs with its configured probability")
    func probabilities() throws {
        var dice = try #require(Misbehaviours("error=0.2,twice=0.3", seed: 2))
        var counts: [Misbehaviour?: Int] = [:]
        for _ in 0..<10_000 { counts[dice.next(.charge), default: 0] += 1 }
        #expect((1900...2100).contains(counts[.error] ?? 0))
        #expect((2900...3100).contains(counts[.twice] ?? 0))
        #expect((4900...5100).contains(counts[nil] ?? 0))
        #expect(counts.count == 3)
        var never = try #require(Misbehaviours("", seed: 2))
        #expect((0..<1000).allSatisfy { _ in never.next(.charge) == nil })
    }

    @Test("each fault occurs only in requests that it applies to")
    func occasions() throws {
        for misbehaviour in Misbehaviour.allCases {
            for occasion in [Misbehaviour.Occasion.charge, .lookup, .refund] {
                var dice = try #require(Misbehaviours("\(misbehaviour.rawValue)=1", seed: 1))
                let expected = misbehaviour.isPossible(at: occasion) ? misbehaviour : nil
                #expect((0..<100).allSatisfy { _ in dice.next(occasion) == expected })
            }
        }
    }

    @Test("malformed names and probabilities are rejected")
    func malformed() {
        for text in [
            "error", "error=", "error=x", "error=1.1", "error=-0.1", "error=nan", "nonsense=0.1", "error=0.6,reset=0.5",
        ] {
            #expect(Misbehaviours(text, seed: 1) == nil, "\(text)")
        }
    }
}
