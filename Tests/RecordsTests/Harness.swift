import BoxOffice
import Loops
import PostgresClient
import Records
import Support
import Testing

/// A migrated database for one test, and the stores on it. Lives on one loop.
final class Database {
    let pool: PostgresPool
    let partitions: Partitions
    let catalogue: Catalogue
    let store: BookingStore
    let writer: BatchWriter

    init(loop: EventLoop, url: String) {
        pool = PostgresPool(loop: loop, configuration: PostgresConfiguration(uri: url))
        partitions = Partitions(pool: pool)
        catalogue = Catalogue(pool: pool)
        store = BookingStore(pool: pool)
        writer = BatchWriter(pool: pool)
    }

    /// One integer of one row.
    func number(_ sql: String, _ parameters: [PostgresValue] = []) async throws -> Int64 {
        let rows = try await pool.query(PostgresStatement(sql, parameters, isPrepared: false))
        return try #require(rows.first).integer(0)
    }

    /// A tier's counters.
    func tier(_ tier: TierID) async throws -> Owned {
        let rows = try await pool.query(
            "SELECT held, sold FROM tiers WHERE id = $1::uuid", [.text(tier.description)])
        let row = try #require(rows.first)
        return Owned(held: Int(try row.integer("held")), sold: Int(try row.integer("sold")))
    }
}

/// The units of a tier that bookings own.
struct Owned: Equatable {
    var held = 0
    var sold = 0
}

/// How many partitions the tests' databases have.
let partitionCount = 4

/// Runs `body` on a new loop, with a new database that has all migrations and its partitions.
func withDatabase(
    _ name: String, _ body: @Sendable (isolated EventLoop, Database) async throws -> Void
) async throws {
    let url = try TestServers.postgres.createDatabase(name)
    try await onDatabase(url) { loop, database in
        _ = try await Migrator(migrations: Schema.migrations).up(on: database.pool)
        _ = try await database.partitions.ensure(count: partitionCount)
        try await body(loop, database)
    }
}

/// Runs `body` on a new loop, on an existing database.
func onDatabase(_ url: String, _ body: @Sendable (isolated EventLoop, Database) async throws -> Void) async throws {
    let loop = try EventLoop(name: "test")
    defer { loop.stop() }
    try await loop.run { loop in
        let database = Database(loop: loop, url: url)
        defer { database.pool.close() }
        try await body(loop, database)
    }
}

/// The `PostgresError` that `body` throws. Unlike `#expect(throws:)`, runs `body` on the caller's loop.
func failure(of body: nonisolated(nonsending) () async throws -> Void) async -> PostgresError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? PostgresError
    }
}

/// Ids that differ by number.
func eventID(_ number: UInt64) -> EventID { EventID(UUIDBytes(high: 0xe000, low: number)) }
func tierID(_ number: UInt64) -> TierID { TierID(UUIDBytes(high: 0xf000, low: number)) }
func paymentID(_ number: UInt64) -> PaymentID { PaymentID(UUIDBytes(high: 0xd000, low: number)) }
func bookingID(_ number: UInt64, partition: Partition = Partition(0)) -> BookingID {
    BookingID(partition: partition, milliseconds: Int64(number), random: number)
}

/// 2025-06-15T12:00:00.123Z.
let someTime: Int64 = 1_749_988_800_123

/// An event with tiers of these capacities; its tier `n` is `tierID(first + n)`.
func eventRecord(
    _ number: UInt64, title: String = "An event", alias: Int64 = 0, firstTier: UInt64, capacities: [Int],
    prices: [Int64] = [], maxBookingsPerUser: Int64? = nil
) -> EventRecord {
    let tiers = capacities.enumerated().map { index, capacity in
        TierRecord(
            id: tierID(firstTier + UInt64(index)), name: "Tier \(index)", kind: "general",
            unitAmount: prices.isEmpty ? 100 : prices[index], capacity: capacity)
    }
    return EventRecord(
        id: eventID(number), number: alias, title: title, description: nil, venue: nil, startsAt: someTime * 2,
        salesOpenAt: nil, status: "draft", currency: "USD", holdSeconds: 600,
        maxTicketsPerUser: nil, maxBookingsPerUser: maxBookingsPerUser, version: 1, createdAt: 0, updatedAt: 0,
        tiers: tiers)
}

/// A booking's first version: held units of one tier.
func image(
    _ status: BookingStatus = .reserved, version: Int64 = 1, event: EventID = eventID(1), user: UserID = "ann",
    tier: TierID = tierID(1), quantity: Int = 1, payment: BookingPayment? = nil
) -> Booking {
    Booking(
        version: version, status: status, expiresAt: someTime + 600_000,
        paymentDeadline: status == .pendingPayment ? someTime + 720_000 : nil, attempts: payment == nil ? 0 : 1,
        extensions: 0, createdAt: someTime, updatedAt: someTime + version,
        confirmedAt: status == .confirmed ? someTime + version : nil, event: event, user: user,
        totalAmount: 100 * Int64(quantity), currency: "USD", key: nil,
        items: [BookingItem(tier: tier, quantity: quantity, unitAmount: 100)], payment: payment, reason: nil)
}

/// A charge.
func payment(_ number: UInt64, _ status: PaymentStatus = .succeeded, transaction: String?) -> BookingPayment {
    BookingPayment(
        id: paymentID(number), provider: "simulated", transactionID: transaction, status: status, amount: 100)
}

extension Batch {
    /// A batch with these transitions.
    init(_ transitions: [(BookingID, Booking)]) {
        self.init()
        for (id, image) in transitions { add(id, image) }
    }
}

/// Persists transitions in successive batches, as the owner of a partition does.
final class Scribe {
    private let database: Database
    var row: PartitionRow

    init(_ database: Database, _ partition: Partition = Partition(0)) async throws {
        self.database = database
        row = try #require(try await database.partitions.row(partition))
    }

    func write(_ transitions: [(BookingID, Booking)], letters: [DeadLetter] = []) async throws {
        try await write(Batch(transitions), letters: letters)
    }

    func write(_ batch: Batch, letters: [DeadLetter] = []) async throws {
        let next = StreamID(milliseconds: row.cursor.milliseconds + 1, sequence: 0)
        let outcome = try await database.writer.write(batch, partition: row, cursor: next, deadLetters: letters)
        guard case .written = outcome else {
            Issue.record("fenced")
            return
        }
        row = PartitionRow(row, cursor: next)
    }
}
