import Foundation
import Support

/// A long run at half of the maximum booking rate, with a fault each minute. After each fault all invariants are
/// checked as in a short run; at the end Usher's processes must use no more resources than at the beginning.
package struct Soak {
    private let seconds: Int
    private let seed: UInt64

    /// How long bookings continue after each healing.
    private static let lasting = Duration.seconds(48)
    /// Expired holds are written, too, and the records of an hour are kept.
    private static let diskMegabytes = 4096
    /// Limit of memory use in the last third of a soak, relative to the first.
    private static let growth = 1.1
    /// Connections that are being replaced are counted twice for a moment.
    private static let descriptorSlack = 8

    /// Faults that do not restart Usher's processes; filling such a large disk would take a round.
    private static let faults = Fault.allCases.filter {
        ![.killServer, .killReconciler, .clockStep, .diskFull].contains($0)
    }

    /// - Parameter seconds: how long to run; at least one whole round.
    package init(seconds: Int) {
        self.seconds = seconds
        seed = UInt64.random(in: 1...1_000_000_000)
    }

    /// Runs the soak; returns the violations, empty if there are none.
    package func violations() async -> [String] {
        let crowd = Crowd()
        let suite = FaultSuite(
            bug: nil, restLimit: .seconds(60), lasting: Self.lasting, diskMegabytes: Self.diskMegabytes, crowd: crowd)
        var dice = SeededGenerator(seed: seed)
        var faults: [Fault] = []
        var violations: [String] = []
        var rounds = 0
        let end = ContinuousClock.now + .seconds(seconds)
        repeat {
            if faults.isEmpty { faults = Self.faults.shuffled(using: &dice) }
            let (claims, time) = (crowd.claims, crowd.time)
            let report = await suite.report(Schedule(seed: dice.next(), faults: [faults.removeLast()]))
            let rate = Double(crowd.claims - claims) / max(1, (crowd.time - time) / .seconds(1))
            rounds += 1
            // The first round runs at full speed.
            if rounds == 1 { crowd.setRate(rate / 2) }
            violations += report.violations
            say("round \(rounds): \(String(format: "%.0f", rate)) claims a second beside \(report)")
        } while ContinuousClock.now < end
        let uses = World.copies.compactMap { Use($0, crowd.samples) }
        for use in uses { say(use.description) }
        violations += uses.flatMap { $0.violations(growth: Self.growth, slack: Self.descriptorSlack) }
        if uses.count < World.copies.count { violations.append("not every copy ran from beginning to end") }
        say("\(rounds) rounds, \(crowd.claims) claims of the crowd, \(violations.count) violations")
        return violations
    }

    private func say(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }
}

/// What one process used in the first and in the last third of the samples.
private struct Use: CustomStringConvertible {
    let process: String
    let bytes: (first: Int, last: Int)
    let descriptors: (first: Int, last: Int)

    /// - Returns: nil if the process was restarted or missing.
    init?(_ process: String, _ looks: [[Crowd.Sample]]) {
        let samples = looks.compactMap { $0.first { $0.process == process } }
        let third = samples.count / 3
        guard third > 0, Set(samples.map(\.processID)).count == 1 else { return nil }
        let (first, last) = (samples.prefix(third), samples.suffix(third))
        func mean(_ samples: ArraySlice<Crowd.Sample>) -> Int { samples.reduce(0) { $0 + $1.residentBytes } / third }
        self.process = process
        bytes = (mean(first), mean(last))
        descriptors = (first.map(\.descriptors).max() ?? 0, last.map(\.descriptors).max() ?? 0)
    }

    var description: String {
        String(
            format: "%@: %.1f MB in the first third, %.1f MB in the last (%+.1f %%); at most %d and %d descriptors",
            process, Double(bytes.first) / 1e6, Double(bytes.last) / 1e6,
            (Double(bytes.last) / Double(bytes.first) - 1) * 100, descriptors.first, descriptors.last)
    }

    func violations(growth: Double, slack: Int) -> [String] {
        (Double(bytes.last) > Double(bytes.first) * growth ? ["\(process) grows"] : [])
            + (descriptors.last > descriptors.first + slack ? ["\(process) leaks descriptors"] : [])
    }
}
