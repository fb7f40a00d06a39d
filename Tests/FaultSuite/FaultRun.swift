import Foundation
import Glibc
import Support
import Synchronization

/// What became of one run.
public struct FaultReport: Sendable, CustomStringConvertible {
    /// What went wrong on purpose.
    public let schedule: Schedule
    /// What is not as it must be; empty when all is.
    public internal(set) var violations: [String] = []
    /// Answers, and those that were lost.
    public internal(set) var answers = 0
    var lost = 0
    /// Bookings that somebody was told of.
    public internal(set) var bookings = 0
    /// Those that somebody was told are confirmed.
    public internal(set) var confirmed = 0
    /// From the healing until both copies had claimed and confirmed.
    public internal(set) var recovery = Duration.zero
    /// From the healing until all was at rest and compared.
    var rest = Duration.zero

    /// One line, and one for each violation.
    public var description: String {
        let numbers =
            "\(answers) answers, \(lost) lost, \(bookings) bookings, \(confirmed) confirmed; claim and confirmation "
            + "\(recovery.shown) after the healing, at rest after \(rest.shown)"
        let head = "seed \(schedule.seed) [\(schedule)]: \(numbers): "
        return head
            + (violations.isEmpty
                ? "ok"
                : (["VIOLATED"] + violations.prefix(8) + violations.dropFirst(8).suffix(1)).joined(separator: "\n    "))
    }
}

extension Duration {
    /// Seconds, to a tenth.
    var shown: String { String(format: "%.1f s", self / .seconds(1)) }
}

/// Runs schedules on one world after the other: a world that has been violated is thrown away.
public final class FaultSuite {
    private let bug: String?
    private var world: World?
    private var tokens: [String] = []
    private var admin = ""

    /// A claim and a confirmation succeed so soon after the healing (I11).
    private static let livenessLimit = Duration.seconds(30)
    /// Money and holds are at rest so soon after that (I4, I5).
    private let restLimit: Duration

    /// Bookings go on for a while on what was healed.
    private let lasting: Duration
    private let diskMegabytes: Int
    /// What comes on top of the customers who are watched.
    private let crowd: Crowd?

    /// - Parameters:
    ///   - bug: what is planted in every copy of ours.
    ///   - restLimit: how soon after a healing money and holds are at rest; meanwhile providers are asked twice or more.
    public convenience init(bug: String? = nil, restLimit: Duration = .seconds(40)) {
        self.init(bug: bug, restLimit: restLimit, lasting: .milliseconds(500), diskMegabytes: 64, crowd: nil)
    }

    init(bug: String?, restLimit: Duration, lasting: Duration, diskMegabytes: Int, crowd: Crowd?) {
        self.bug = bug
        self.restLimit = restLimit
        self.lasting = lasting
        self.diskMegabytes = diskMegabytes
        self.crowd = crowd
    }

    /// Whether a disk that fills up is one of its own; where mounting is not allowed it is not.
    public var hasSmallDisk: Bool { world?.redis.disk.isMounted ?? true }

    /// The same; what keeps it from being run is a violation, too.
    public func report(_ schedule: Schedule) async -> FaultReport {
        do {
            return try await run(schedule)
        } catch {
            world = nil
            var report = FaultReport(schedule: schedule)
            report.violations = ["it could not be run: \(error)"]
            return report
        }
    }

    /// Runs one schedule: bookings while things go wrong, then a heal, then the invariants.
    public func run(_ schedule: Schedule) async throws -> FaultReport {
        let world = try self.world ?? makeWorld(schedule.seed)
        self.world = world
        try world.provider.begin(seed: schedule.seed)
        let venue = try Venue(world, admin: admin, buyer: tokens[0])
        let journal = Journal()
        let workload = Workload(world, venue, tokens: tokens, journal: journal, seed: schedule.seed)
        let customers = workload.start()
        let people = crowd?.start(world, venue, token: tokens[0])
        var report = FaultReport(schedule: schedule)
        await disturb(world, schedule)
        let healed = ContinuousClock.now
        report.violations += await heal(world, venue)
        report.recovery = ContinuousClock.now - healed
        try await Task.sleep(for: lasting)
        workload.stop()
        crowd?.stop()
        await customers.join()
        await people?.join()
        let invariants = Invariants(
            venue: venue, entries: journal.entries, cancelled: journal.cancelled, schedule: schedule)
        report.violations += try await judge(world, venue, invariants)
        report.rest = ContinuousClock.now - healed
        report.count(journal)
        if !report.violations.isEmpty {
            // Nobody looks for the cause of a bug that was planted.
            if bug == nil {
                report.violations.append("what its copies said is in \(try world.keepOutput(schedule.seed))")
            }
            self.world = nil
        }
        return report
    }

    private func makeWorld(_ seed: UInt64) throws -> World {
        let world = try World(seed: seed, bug: bug, diskMegabytes: diskMegabytes)
        if tokens.isEmpty {
            tokens = try (0..<Workload.threads).map { try world.token("user-\($0)") }
            admin = try world.token("admin", role: "admin")
        }
        return world
    }

    /// The safety phase: all injections at their times, on threads of their own.
    private func disturb(_ world: World, _ schedule: Schedule) async {
        let injections = schedule.injections
        await onThreads(injections.count) { index in
            do {
                var injector = Injector(world, injections[index])
                try injector.run()
            } catch {
                // Another fault may be in its way; the healing is what counts.
                print("    \(injections[index].fault.rawValue): \(error)")
            }
        }

    }

    /// The liveness phase: both copies claim and confirm (I11).
    private func heal(_ world: World, _ venue: Venue) async -> [String] {
        let violations = Mutex<[String]>([])
        let tokens = tokens
        do {
            try world.heal()
        } catch {
            return ["I11 it cannot be healed: \(error)"]
        }
        await onThreads(World.servers.count) { index in
            let name = World.servers[index]
            let client = world.customer(of: name)
            let body = venue.wide.claim(quantity: 1, card: .succeeds)
            var last = "no answer"
            do {
                try eventually("a claim is confirmed", within: Self.livenessLimit) {
                    try world.reviveCopies()
                    let answer = try? client.send("POST", "/v1/bookings", headers: bearer(tokens[0]), body: body)
                    if let answer { last = "\(answer.status) \(answer.text.prefix(200))" }
                    return answer?.json["status"] as? String == "CONFIRMED"
                }
            } catch {
                violations.withLock {
                    $0.append("I11 \(name) does not book: \(last); \(world.output(of: name).suffix(300))")
                }
            }
        }
        return violations.withLock { $0 }
    }

    private func judge(_ world: World, _ venue: Venue, _ invariants: Invariants) async throws -> [String] {
        var open: [String] = []
        let end = ContinuousClock.now + restLimit
        repeat {
            try world.reviveCopies()
            let books = try Books(world, venue)
            open = invariants.open(books)
            if open.isEmpty { break }
            let broken = invariants.broken(books)
            if !broken.isEmpty { return broken + open }
            usleep(100_000)
        } while ContinuousClock.now < end
        let books = try Books(world, venue)
        return open + invariants.broken(books) + world.crashed.map { "crash: \($0)" } + (try world.verify())
    }
}

extension FaultReport {
    fileprivate mutating func count(_ journal: Journal) {
        let told = journal.entries.compactMap(\.booking)
        answers = journal.entries.count
        lost = journal.lost
        bookings = Set(told.map(\.id)).count
        confirmed = Set(told.filter { $0.status == "CONFIRMED" }.map(\.id)).count
    }
}
