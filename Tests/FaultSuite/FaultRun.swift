import Foundation
import Glibc
import Support
import Synchronization

/// The result of one run.
package struct FaultReport: Sendable, CustomStringConvertible {
    /// The faults that were injected.
    package let schedule: Schedule
    /// Violated invariants; empty if all hold.
    package internal(set) var violations: [String] = []
    /// Answers received, and those that were lost.
    package internal(set) var answers = 0
    var lost = 0
    /// Bookings that a client got an answer about.
    package internal(set) var bookings = 0
    /// Bookings that a client saw confirmed.
    package internal(set) var confirmed = 0
    /// Time from the healing until both copies had claimed and confirmed.
    package internal(set) var recovery = Duration.zero
    /// Time from the healing until everything was at rest and compared.
    var rest = Duration.zero

    /// One line, plus one for each violation.
    package var description: String {
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

/// Runs one schedule after the other on one world; a world with a violation is discarded.
package final class FaultSuite {
    private let bug: String?
    private var world: World?
    private var tokens: [String] = []
    private var admin = ""

    /// Deadline for a claim and a confirmation to succeed after the healing (I11).
    private static let livenessLimit = Duration.seconds(30)
    /// Deadline after that for money and holds to come to rest (I4, I5).
    private let restLimit: Duration

    /// How long bookings continue after the healing.
    private let lasting: Duration
    private let diskMegabytes: Int
    /// Load on top of the customers whose answers are checked.
    private let crowd: Crowd?

    /// - Parameters:
    /// - bug: the bug planted in every copy.
    /// - restLimit: deadline after a healing for money and holds to come to rest; the provider is asked at least twice
    /// meanwhile.
    package convenience init(bug: String? = nil, restLimit: Duration = .seconds(40)) {
        self.init(bug: bug, restLimit: restLimit, lasting: .milliseconds(500), diskMegabytes: 64, crowd: nil)
    }

    init(bug: String?, restLimit: Duration, lasting: Duration, diskMegabytes: Int, crowd: Crowd?) {
        self.bug = bug
        self.restLimit = restLimit
        self.lasting = lasting
        self.diskMegabytes = diskMegabytes
        self.crowd = crowd
    }

    /// Whether the disk that fills up is a separate one; it is not if mounting is not allowed.
    package var hasSmallDisk: Bool { world?.redis.disk.isMounted ?? true }

    /// Runs one schedule; an error that prevents the run counts as a violation.
    package func report(_ schedule: Schedule) async -> FaultReport {
        do {
            return try await run(schedule)
        } catch {
            world = nil
            var report = FaultReport(schedule: schedule)
            report.violations = ["the run failed: \(error)"]
            return report
        }
    }

    /// Runs one schedule: bookings under faults, then the healing, then the invariants.
    package func run(_ schedule: Schedule) async throws -> FaultReport {
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
            // The cause of a planted bug is known, so its output is not kept.
            if bug == nil {
                report.violations.append("the output of its copies is in \(try world.keepOutput(schedule.seed))")
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

    /// The safety phase: each injection at its time, on its own thread.
    private func disturb(_ world: World, _ schedule: Schedule) async {
        let injections = schedule.injections
        await onThreads(injections.count) { index in
            do {
                var injector = Injector(world, injections[index])
                try injector.run()
            } catch {
                // Another fault may have interfered; only the healing must succeed.
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
            return ["I11 the healing failed: \(error)"]
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
