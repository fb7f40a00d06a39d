import Accounts
import Booking
import EventLoop
import PostgresClient
import Records

/// `usher seed`: five demo events, numbers 1 to 5, one booking a user; a concert in a hall of 2,000 seats, number 6; and
/// three demo users. Running it again changes nothing.
struct Seed {
    private let settings: Settings

    private static let events: [(title: String, capacity: Int)] = [
        ("Limited Concert", 2), ("Tech Conference 2025", 100), ("Business Summit", 50), ("Art Exhibition", 30),
        ("Food Festival", 200),
    ]
    /// 2099-06-01T20:00:00Z.
    static let startsAt: Int64 = 4_084_027_200_000

    init(_ settings: Settings) { self.settings = settings }

    /// What the command does, and says.
    func command() async throws {
        let users = try await run()
        print("Five demo events, numbers 1 to 5, and a concert in the Grand Hall, number 6.")
        print(
            users.isEmpty
                ? "No demo users: USHER_JWT_SECRET is missing, which their passwords are made from."
                : Self.list(users))
    }

    /// A line for each user that one can log in as.
    static func list(_ users: [DemoUsers.Account]) -> String {
        users.map { "  \($0.email)  \($0.password)  \($0.roles.joined(separator: ", "))" }.joined(separator: "\n")
    }

    /// Writes what is not there.
    ///
    /// - Returns: the demo users whose passwords are those of today's secret.
    func run() async throws -> [DemoUsers.Account] {
        try await Stores.prepare(settings)
        let postgres = try settings.postgres()
        let partitions = try settings.partitions()
        let loop = try EventLoop(name: "seed")
        defer { loop.stop() }
        let settings = settings.withKeptSecret()
        let users = settings.text("USHER_JWT_SECRET") == nil ? nil : DemoUsers(secret: try settings.secret())
        return try await loop.run { loop in
            let pool = PostgresPool(loop: loop, configuration: postgres)
            defer { pool.close() }
            let catalogue = Catalogue(pool: pool)
            defer { Progress.end() }
            for (index, event) in Self.events.enumerated() {
                Progress.tell("Seeding event \(index + 1) of \(Self.events.count + 1)")
                try await Self.write(event, number: Int64(index + 1), catalogue, partitions)
            }
            Progress.tell("Seeding event \(Self.events.count + 1) of \(Self.events.count + 1), a hall of 2,000 seats")
            try await GrandHall.write(on: pool, catalogue, partitions: partitions)
            return try await users?.write(on: pool, hasher: PasswordHasher()) ?? []
        }
    }

    private static func write(
        _ event: (title: String, capacity: Int), number: Int64, _ catalogue: Catalogue, _ partitions: Int
    ) async throws {
        let id = EventID(UUIDBytes(high: 0x0000_0000_0000_4000, low: 0x8000_0000_0000_0000 | UInt64(number)))
        let tier = TierID(UUIDBytes(high: 0x0000_0001_0000_4000, low: 0x8000_0000_0000_0000 | UInt64(number)))
        let record = EventRecord(
            id: id, number: number, title: event.title, description: nil, venue: nil, startsAt: startsAt,
            salesOpenAt: nil, status: "draft", currency: "USD", holdSeconds: 600,
            maxTicketsPerUser: 10, maxBookingsPerUser: 1, version: 1, createdAt: 0, updatedAt: 0,
            tiers: [
                TierRecord(id: tier, name: "Standard", kind: "general", unitAmount: 4999, capacity: event.capacity)
            ])
        let isNew = try await catalogue.create(
            record, partition: Partition(of: id, count: partitions), ifAbsent: true)
        if isNew { _ = try await catalogue.publish(id) }
    }
}
