import Glibc

/// Looks every 10 ms until it is so; throws after 30 s.
public func eventually(_ what: String, within: Duration = .seconds(30), _ condition: () throws -> Bool) throws {
    let end = ContinuousClock.now + within
    while try !condition() {
        guard ContinuousClock.now < end else { throw SupportError("waited in vain until \(what)") }
        usleep(10_000)
    }
}
