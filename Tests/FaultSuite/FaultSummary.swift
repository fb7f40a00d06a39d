import Foundation

/// A summary of many runs.
package struct FaultSummary: CustomStringConvertible {
    private let reports: [FaultReport]

    /// Summarizes these runs.
    package init(_ reports: [FaultReport]) { self.reports = reports }

    /// The totals, the seeds of violated runs, and a bound on the violation rate.
    package var description: String {
        let violated = reports.filter { !$0.violations.isEmpty }
        let restarts = reports.filter { $0.schedule.isAlone(.killRedis) }
        let lines = [
            "\(reports.count) runs, \(sum(\.answers)) answers, \(sum(\.bookings)) bookings, \(sum(\.confirmed)) "
                + "confirmed, \(violated.count) runs violated",
            "claim and confirmation took at most \(slowest(reports)) after a healing, \(slowest(restarts)) after "
                + "a restart of Redis",
            "seeds: " + reports.map { "\($0.schedule.seed)" }.joined(separator: " "),
        ]
        return (lines + (violated.isEmpty ? [bound] : violated.map(replay))).joined(separator: "\n")
    }

    private func sum(_ part: (FaultReport) -> Int) -> Int { reports.reduce(0) { $0 + part($1) } }

    private func slowest(_ reports: [FaultReport]) -> String { (reports.map(\.recovery).max() ?? .zero).shown }

    /// The rule of three.
    private var bound: String {
        guard !reports.isEmpty else { return "nothing was run" }
        return String(
            format: "with 95 %% confidence less than %.2f %% of such runs are violated (3/n)",
            min(100, 300 / Double(reports.count)))
    }

    private func replay(_ report: FaultReport) -> String {
        "violated: make faults SEED=\(report.schedule.seed) [\(report.schedule)]"
    }
}
