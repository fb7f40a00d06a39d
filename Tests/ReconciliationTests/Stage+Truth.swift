import BoxOffice
import Loops
import PostgresClient
import Records
import RedisClient
import SeatInventory
import Testing

@testable import Reconciliation

/// Reads both stores, and compares them.
extension Stage {
    /// The first column of the first row.
    func number(_ sql: String, _ parameters: [PostgresValue] = []) async throws -> Int64 {
        let rows = try await pool.query(PostgresStatement(sql, parameters, isPrepared: false))
        return try #require(rows.first).integer(0)
    }

    func execute(_ sql: String) async throws {
        _ = try await pool.query(PostgresStatement(sql, isPrepared: false))
    }

    func row(_ event: EventID) async throws -> PartitionRow {
        try #require(try await partitions.row(inventory.keys.partition(of: event)))
    }

    /// All entries of an outbox, in order.
    func outbox(_ partition: Partition) async throws -> [ParsedEntry] {
        let reply = try await inventory.command(["XRANGE", inventory.keys.outbox(partition), "-", "+"])
        return (reply.array ?? []).compactMap { ParsedEntry($0, of: partition, partitions: Self.partitionCount) }
    }

    func lastEntry(_ partition: Partition) async throws -> StreamID {
        let reply = try await inventory.command([
            "XREVRANGE", inventory.keys.outbox(partition), "+", "-", "COUNT", "1",
        ])
        return reply.array?.first?.array?.first?.string.flatMap { StreamID($0) } ?? .zero
    }

    /// Whether every partition is open, persisted, and acknowledged to Redis.
    func isSettled() async throws -> Bool {
        for partition in inventory.keys.all {
            guard let row = try await partitions.row(partition) else { return false }
            let state = try await inventory.state(of: partition)
            guard state.isOpen, state.epoch == row.epoch, state.identity == connection.identity?.token,
                state.cursor == row.cursor
            else { return false }
            let last = try await lastEntry(partition)
            guard last <= row.cursor else { return false }
        }
        return true
    }

    /// Steps a replica until nothing is left to do.
    func settle(
        _ copy: Reconciler, within time: Duration = .seconds(30), sourceLocation: SourceLocation = #_sourceLocation
    ) async {
        await eventually(loop, "settled", within: time, sourceLocation: sourceLocation) {
            await copy.keeper.beat()
            _ = await copy.persistAll()
            return (try? await isSettled()) == true
        }
    }

    /// For how long Redis keeps bookings' records, milliseconds: -1 without expiry, -2 if the record is gone.
    func lifetimes(of bookings: [BookingID]) async throws -> [Int64] {
        var times: [Int64] = []
        for booking in bookings {
            var command = RedisCommand(argumentCount: 2)
            command.append("PTTL")
            command.append(inventory.keys.booking(booking))
            times.append(try #require(try await connection.send(command).integer))
        }
        return times
    }

    /// Leaves an event in the state of a function that failed half-way.
    func close(_ event: EventID) async throws {
        let key = inventory.keys.event(event)
        let policy = try #require(try await inventory.command(["HGET", key, "p"]).bytes)
        // The 16 bytes of the event's id, then nine texts, the ninth being its epoch, then the rows.
        var texts = policy.dropFirst(16).split(separator: UInt8(ascii: "|"), omittingEmptySubsequences: false)
        texts[8] = Array("closed".utf8)[...]
        var command = RedisCommand(argumentCount: 4)
        for text in ["HSET", key, "p"] { command.append(text) }
        command.append(policy.prefix(16) + texts.joined(separator: [UInt8(ascii: "|")]))
        _ = try await connection.send(command)
        _ = try await inventory.command([
            "HSET", inventory.keys.meta(inventory.keys.partition(of: event)), "broken", event.description,
        ])
    }

    /// Expires a replica's leases: its last heartbeat was an hour ago.
    func lapse(_ owner: String) async throws {
        _ = try await pool.query(
            "UPDATE reconcilers SET seen_at = now() - interval '1 hour' WHERE id = $1", [.text(owner)])
    }

    /// The counters of the event's tier in Redis; checks that they are conserved.
    func counters(_ event: EventID) async throws -> TierCounters {
        let availability = try await inventory.availability(event)
        let tier = try #require(availability?.tiers.first)
        #expect(tier.isConserved)
        return tier
    }

    /// Checks for all events that Redis's counters, PostgreSQL's counters and PostgreSQL's rows agree.
    func expectAgreement(_ events: [EventID], sourceLocation: SourceLocation = #_sourceLocation) async throws {
        for event in events {
            let redis = try await counters(event)
            let tier = try #require(try await catalogue.event(event)?.tiers.first)
            #expect(tier.held == redis.held && tier.sold == redis.sold, sourceLocation: sourceLocation)
            let held = try await owned(event, "'RESERVED', 'PENDING_PAYMENT'")
            let sold = try await owned(event, "'CONFIRMED'")
            #expect(held == redis.held && sold == redis.sold, sourceLocation: sourceLocation)
        }
    }

    private func owned(_ event: EventID, _ statuses: String) async throws -> Int64 {
        try await number(
            """
            SELECT coalesce(sum(i.quantity), 0) FROM bookings b JOIN booking_items i ON i.booking_id = b.id
            WHERE b.event_id = $1::uuid AND b.status IN (\(statuses))
            """, [.text(event.description)])
    }

    /// Checks that the last image of each booking in the outboxes is its row, and that there is no other row.
    func expectOutboxIsWritten(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        var images: [BookingID: Booking] = [:]
        for partition in inventory.keys.all {
            for transition in try await outbox(partition).flatMap(\.transitions) {
                let version = images[transition.booking]?.version ?? 0
                #expect(transition.image.version == version + 1, sourceLocation: sourceLocation)
                images[transition.booking] = transition.image
            }
        }
        let rows = try await number("SELECT count(*) FROM bookings")
        #expect(rows == images.count, sourceLocation: sourceLocation)
        for (id, image) in images {
            let row = try await bookings.booking(id)
            #expect(row?.image == image, sourceLocation: sourceLocation)
        }
    }
}

/// A replica whose partitions are open.
func openedCopy(_ stage: Stage, _ owner: String = "a") async throws -> Reconciler {
    let copy = try stage.copy(owner)
    await stage.settle(copy)
    return copy
}

extension Reconciler {
    /// Scans every partition of a replica that the test steps, and does the work found; true if there was any.
    func persistAll() async -> Bool {
        let now = monotonicNanoseconds()
        let ready = leases.states.filter { $0.notBefore <= now }.map(\.row).sorted { $0.partition < $1.partition }
        let scans = await scanner.work(of: ready)
        await loop.concurrently(scans) { [self] scan in await workers.process(scan) }
        await acknowledger.drained()
        return !scans.isEmpty
    }
}
