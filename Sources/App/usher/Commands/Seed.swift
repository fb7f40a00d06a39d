import Accounts
import BoxOffice
import Foundation
import Loops
import PostgresClient
import Records

/// `usher seed`: creates demo events of the coming months, and three demo users. Number 6 is a concert in a hall of
/// 2,000 seats. Running it again changes nothing.
struct Seed {
    private let settings: Settings

    init(_ settings: Settings) { self.settings = settings }

    /// Runs the command and prints its result.
    func command() async throws {
        let users = try await run()
        print("Demo events, numbers 1 to \(DemoEvents.all.count + 1); number 6 is a concert in a hall with seats.")
        print(
            users.isEmpty
                ? "No demo users: USHER_JWT_SECRET is missing; their passwords are derived from it."
                : Self.list(users))
    }

    /// One line for each user: address, password and roles.
    static func list(_ users: [DemoUsers.Account]) -> String {
        users.map { "  \($0.email)  \($0.password)  \($0.roles.joined(separator: ", "))" }.joined(separator: "\n")
    }

    /// Creates the demo data that does not exist.
    ///
    /// - Returns: the demo users whose passwords are derived from the current secret.
    func run() async throws -> [DemoUsers.Account] {
        try await Stores.prepare(settings)
        let postgres = try settings.postgres()
        let partitions = try settings.partitions()
        let loop = try EventLoop(name: "seed")
        defer { loop.stop() }
        let settings = settings.withStoredSecret()
        let users = settings.text("USHER_JWT_SECRET") == nil ? nil : DemoUsers(secret: try settings.secret())
        return try await loop.run { loop in
            let pool = PostgresPool(loop: loop, configuration: postgres)
            defer { pool.close() }
            let catalogue = Catalogue(pool: pool)
            defer { Progress.end() }
            let (count, now) = (DemoEvents.all.count + 1, Date())
            for (index, event) in DemoEvents.all.enumerated() {
                Progress.tell("Seeding event \(index + 1) of \(count)")
                let record = event.record(now: now)
                let partition = Partition(of: record.id, count: partitions)
                let isNew = try await catalogue.create(record, partition: partition, ifAbsent: true)
                if isNew { _ = try await catalogue.publish(record.id) }
            }
            Progress.tell("Seeding event \(count) of \(count), a hall of 2,000 seats")
            try await GrandHall.write(on: pool, catalogue, partitions: partitions, now: now)
            return try await users?.write(on: pool, hasher: PasswordHasher()) ?? []
        }
    }
}
