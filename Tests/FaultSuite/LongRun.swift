import Foundation
import Support

/// Many runs, one after the other, each reported in a line.
package struct LongRun {
    /// Which schedules to run.
    package struct Plan {
        /// Stops after this many seconds; nil: after the schedules.
        var seconds: Int?
        /// The first seed.
        var first: UInt64
        /// Runs of each fault, and then of three at once; repeated when a time limit is set.
        var faults = Fault.allCases
        var seedsAFault = 5
        var mixtures = 50
        /// Seeds to replay instead.
        var seeds: [UInt64] = []

        /// Each fault once, and two mixtures; `USHER_TEST_FAULT_SECONDS` repeats them for that long instead.
        package static func slice(seed: UInt64) -> Plan {
            let seconds = ProcessInfo.processInfo.environment["USHER_TEST_FAULT_SECONDS"].flatMap { Int($0) }
            return Plan(seconds: seconds, first: seed % 1_000_000_000, seedsAFault: 1, mixtures: 2)
        }

        /// The plan of `make faults`.
        ///
        /// - Parameter settings: `USHER_FAULT_SECONDS` is how long to run; `USHER_FAULT_SEED` (comma-separated) is
        /// replayed; `USHER_FAULT` names the only fault, or is `three` for mixtures alone.
        package init(_ settings: [String: String]) throws {
            func text(_ name: String) -> String? { settings[name].flatMap { $0.isEmpty ? nil : $0 } }
            seconds = text("USHER_FAULT_SECONDS").flatMap { Int($0) }
            seeds = text("USHER_FAULT_SEED")?.split(separator: ",").compactMap { UInt64($0) } ?? []
            first = UInt64.random(in: 1...1_000_000_000)
            if seconds != nil { (seedsAFault, mixtures) = (1, faults.count) }
            guard let name = text("USHER_FAULT") else { return }
            guard name != "three" else {
                faults = []
                return
            }
            guard let fault = Fault(rawValue: name) else {
                throw SupportError("There is no fault \(name); there are \(Fault.allCases.map(\.rawValue)).")
            }
            faults = [fault]
            mixtures = 0
        }

        private init(seconds: Int?, first: UInt64, seedsAFault: Int, mixtures: Int) {
            self.seconds = seconds
            self.first = first
            self.seedsAFault = seconds == nil ? seedsAFault : 1
            self.mixtures = seconds == nil ? mixtures : faults.count
        }

        private func schedule(_ fault: Fault?, _ number: Int) -> Schedule {
            let step = UInt64(Fault.allCases.count + 1)
            return Schedule(seed: Schedule.seed(of: fault, from: first + UInt64(number) * step))
        }

        /// The schedules of a round.
        func round(_ number: Int) -> [Schedule] {
            guard seeds.isEmpty else { return number == 0 ? seeds.map { Schedule(seed: $0) } : [] }
            guard number == 0 || seconds != nil else { return [] }
            let alone = (0..<seedsAFault).flatMap { seed in
                faults.map { schedule($0, number * seedsAFault + seed) }
            }
            return alone + (0..<mixtures).map { schedule(nil, number * mixtures + $0) }
        }
    }

    private let plan: Plan

    /// A long run of this plan.
    package init(_ plan: Plan) { self.plan = plan }

    /// Runs the plan, and prints the summary at the end.
    package func reports() async -> [FaultReport] {
        let suite = FaultSuite()
        let end = plan.seconds.map { ContinuousClock.now + .seconds($0) }
        var reports: [FaultReport] = []
        var schedules = plan.round(0)[...]
        var round = 0
        while true {
            if schedules.isEmpty {
                round += 1
                schedules = plan.round(round)[...]
            }
            guard let schedule = schedules.popFirst(), end.map({ ContinuousClock.now < $0 }) ?? true else { break }
            let report = await suite.report(schedule)
            reports.append(report)
            say("run \(reports.count): \(report)")
        }
        if !suite.hasSmallDisk { say("No tmpfs may be mounted here: disk-full limited the size of files instead.") }
        say(FaultSummary(reports).description)
        return reports
    }

    private func say(_ text: String) {
        // Not `print`, which buffers its output.
        FileHandle.standardOutput.write(Data((text + "\n").utf8))
    }
}
