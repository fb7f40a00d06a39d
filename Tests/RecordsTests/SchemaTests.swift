import BoxOffice
import Loops
import PostgresClient
import Records
import Support
import Testing

@Suite("The schema")
struct SchemaTests {
    @Test("migrates up, down to nothing, and up again to the same structure")
    func upDownUp() async throws {
        let url = try TestServers.postgres.createDatabase("schema_up_down_up")
        try await onDatabase(url) { _, database in
            let migrator = try Migrator(migrations: Schema.migrations)
            let all = Schema.migrations.map(\.number)
            #expect(try await migrator.up(on: database.pool) == all)
            let first = try await structure(database)
            #expect(try await migrator.down(to: 0, on: database.pool) == all.reversed())
            let left = try await database.number(
                """
                SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace
                AND relname NOT LIKE 'schema_migrations%'
                """)
            #expect(left == 0)
            #expect(try await migrator.up(on: database.pool) == all)
            #expect(try await structure(database) == first)
            #expect(try await migrator.up(on: database.pool) == [])
        }
    }

    @Test("each down migration reverts exactly its up migration")
    func eachDown() async throws {
        let url = try TestServers.postgres.createDatabase("schema_each_down")
        try await onDatabase(url) { _, database in
            let migrator = try Migrator(migrations: Schema.migrations)
            var structures = [try await structure(database)]
            for count in 1...Schema.migrations.count {
                let some = try Migrator(migrations: Array(Schema.migrations.prefix(count)))
                _ = try await some.up(on: database.pool)
                structures.append(try await structure(database))
            }
            for count in (0..<Schema.migrations.count).reversed() {
                _ = try await migrator.down(to: count, on: database.pool)
                #expect(try await structure(database) == structures[count])
            }
        }
    }

    @Test(
        "refuses invalid bookings",
        arguments: [
            ("INSERT INTO tiers VALUES (gen_random_uuid(), $e, 9, 't', 'general', 1, 5, 3, 2, 1)", "23514"),
            ("INSERT INTO tiers VALUES (gen_random_uuid(), $e, 9, 't', 'general', 1, 5, -1, 0, 0)", "23514"),
            ("INSERT INTO tiers VALUES (gen_random_uuid(), $e, 9, 't', 'standing', 1, 5, 0, 0, 0)", "23514"),
            ("UPDATE bookings SET status = 'SOLD'", "23514"),
            ("UPDATE bookings SET status = 'CONFIRMED', confirmed_at = NULL", "23514"),
            ("UPDATE bookings SET status = 'PENDING_PAYMENT', payment_deadline = NULL", "23514"),
            ("UPDATE bookings SET version = 0", "23514"),
            ("UPDATE bookings SET user_id = NULL", "23502"),
            ("UPDATE booking_items SET quantity = 0", "23514"),
            ("UPDATE payments SET status = 'LOST'", "23514"),
            ("UPDATE payments SET amount = -1", "23514"),
            ("UPDATE events SET currency = 'usd'", "23514"),
            ("UPDATE events SET status = 'sold'", "23514"),
            ("UPDATE events SET hold_seconds = 0", "23514"),
            ("DELETE FROM bookings", "23503"), ("DELETE FROM tiers", "23503"),
            ("INSERT INTO partitions (id) VALUES (4096)", "23514"),
        ])
    func constraints(sql: String, sqlState: String) async throws {
        try await Self.shared { database in
            let statement = PostgresStatement(
                sql.replacing("$e", with: "'\(eventID(1))'"), isPrepared: false)
            let error = await failure { _ = try await database.pool.query(statement) }
            #expect(error?.sqlState == sqlState)
        }
    }

    @Test("allows several bookings with one idempotency digest: keys are forgotten after a day")
    func digests() async throws {
        try await Self.shared { database in
            let digests = try await database.number(
                "SELECT count(*) FROM bookings WHERE idempotency_digest LIKE '00000000000000010000000000000002.%'")
            #expect(digests == 2)
        }
    }

    /// One database for the cases that change nothing.
    private static let url = Result { try TestServers.postgres.createDatabase("schema_constraints") }
    private static let prepared = Task {
        try await onDatabase(try url.get()) { _, database in
            _ = try await Migrator(migrations: Schema.migrations).up(on: database.pool)
            _ = try await database.partitions.ensure(count: partitionCount)
            try await database.catalogue.create(
                eventRecord(1, firstTier: 1, capacities: [10]), partition: Partition(0))
            var first = image(.confirmed, payment: payment(1, transaction: "t"))
            first.key = ClaimKey(digest: Digest128(high: 1, low: 2), fingerprint: Digest128(high: 3, low: .max))
            var second = image(user: "ben")
            second.key = first.key
            try await Scribe(database).write([(bookingID(1), first), (bookingID(2), second)])
        }
    }

    private static func shared(_ body: @Sendable (Database) async throws -> Void) async throws {
        try await prepared.value
        try await onDatabase(try url.get()) { _, database in try await body(database) }
    }

    /// Tables, columns, constraints and indexes as one text.
    private func structure(_ database: Database) async throws -> String {
        let rows = try await database.pool.query(
            """
            SELECT coalesce(string_agg(line, E'\\n' ORDER BY line), '') AS structure FROM (
                SELECT format('%s.%s %s %s %s', table_name, column_name, data_type, is_nullable, column_default) AS line
                FROM information_schema.columns WHERE table_schema = 'public'
                UNION ALL SELECT pg_get_constraintdef(oid) || conname FROM pg_constraint
                WHERE connamespace = 'public'::regnamespace
                UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public') AS lines
            WHERE line NOT LIKE '%schema_migrations%'
            """)
        return try #require(rows.first).string("structure")
    }
}
