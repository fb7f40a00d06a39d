import FaultSuite
import Foundation

do {
    let reports = await LongRun(try LongRun.Plan(ProcessInfo.processInfo.environment)).reports()
    exit(!reports.isEmpty && reports.allSatisfy(\.violations.isEmpty) ? 0 : 1)
} catch {
    print(error)
    exit(1)
}
