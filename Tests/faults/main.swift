import FaultSuite
import Foundation

let settings = ProcessInfo.processInfo.environment
if let seconds = settings["USHER_SOAK_SECONDS"].flatMap({ Int($0) }) {
    exit(await Soak(seconds: seconds).violations().isEmpty ? 0 : 1)
}
do {
    let reports = await LongRun(try LongRun.Plan(settings)).reports()
    exit(!reports.isEmpty && reports.allSatisfy(\.violations.isEmpty) ? 0 : 1)
} catch {
    print(error)
    exit(1)
}
