import Glibc

/// Polls `condition` every 10 ms; throws after `within`, 30 s by default.
package func eventually(_ what: String, within: Duration = .seconds(30), _ condition: () throws -> Bool) throws {
    let end = ContinuousClock.now + within
    while try !condition() {
        guard ContinuousClock.now < end else { throw SupportError("timed out waiting until \(what)") }
        usleep(10_000)
    }
}
