import Foundation
import Support

/// What the stores and the provider hold of a run's events, read from outside Usher.
struct Books {
    /// A booking in PostgreSQL.
    struct Row {
        let user: String
        let status: String
        let version: Int
        let total: Int
        let quantity: Int
        let seats: Int

        var isHeld: Bool { status == "RESERVED" || status == "PENDING_PAYMENT" }
    }

    /// A charge in PostgreSQL.
    struct Payment {
        let booking: String
        let status: String
        let amount: Int
        let refunded: Int
        let isStray: Bool
    }

    /// A tier's counters, and its seats by state.
    struct Counters: Equatable {
        var capacity = 0
        var held = 0
        var sold = 0
        var blocked = 0
        var heldSeats = 0
        var soldSeats = 0
    }

    let bookings: [String: Row]
    let payments: [String: Payment]
    let captures: [Provider.Capture]
    /// Bookings that the provider was ever asked to charge.
    let asked: Set<String>
    let written: [String: Counters]
    /// Computed from the bookings.
    let summed: [String: Counters]
    let live: [String: Counters]
    /// Units that Redis reports as available.
    let available: [String: Int]
    /// Partitions whose outbox has entries beyond the cursor.
    let unwritten: [String]
    /// The dead letters.
    let deadLetters: [String]
    /// Bookings that PostgreSQL refused, with the rule.
    let verdicts: [String]
    /// Transactions that the provider reported by callback.
    let reportedCharges: Set<String>

    init(_ world: World, _ venue: Venue) throws {
        // Read the provider's ledger first: the stores, read later, can only know more.
        (captures, asked) = try world.provider.read()
        let events = venue.all.map { "'\($0.id)'" }.joined(separator: ",")
        bookings = try Self.bookings(world, events)
        payments = try Self.payments(world)
        (written, summed) = try Self.counters(world, events)
        (live, available, unwritten) = try Self.live(world, venue)
        deadLetters = try world.postgres.rows("SELECT reason || ' ' || left(entry, 300) FROM dead_letters")
        verdicts = try world.postgres.rows(
            "SELECT booking_id || ' by ' || rule FROM verdicts WHERE event_id IN (\(events))")
        reportedCharges = Set(try world.postgres.rows("SELECT transaction_id FROM charges"))
    }

    private static func parts(_ row: String, _ count: Int) throws -> [String] {
        let parts = row.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == count else { throw SupportError("unreadable: \(row)") }
        return parts
    }

    private static func bookings(_ world: World, _ events: String) throws -> [String: Row] {
        let rows = try world.postgres.rows(
            """
            SELECT b.id, b.user_id, b.status, b.version, b.total_amount, coalesce(sum(i.quantity), 0),
                coalesce(sum(cardinality(i.seats)), 0)
            FROM bookings b LEFT JOIN booking_items i ON i.booking_id = b.id WHERE b.event_id IN (\(events))
            GROUP BY b.id
            """)
        return try [String: Row](
            rows.map { row in
                let part = try parts(row, 7)
                return (
                    part[0],
                    Row(
                        user: part[1], status: part[2], version: Int(part[3]) ?? 0, total: Int(part[4]) ?? 0,
                        quantity: Int(part[5]) ?? 0, seats: Int(part[6]) ?? 0)
                )
            }, uniquingKeysWith: { $1 })
    }

    private static func payments(_ world: World) throws -> [String: Payment] {
        let rows = try world.postgres.rows(
            """
            SELECT transaction_id, booking_id, status, amount, refunded_amount, is_stray FROM payments
            WHERE transaction_id IS NOT NULL
            """)
        return try [String: Payment](
            rows.map { row in
                let part = try parts(row, 6)
                return (
                    part[0],
                    Payment(
                        booking: part[1], status: part[2], amount: Int(part[3]) ?? 0, refunded: Int(part[4]) ?? 0,
                        isStray: part[5] == "t")
                )
            }, uniquingKeysWith: { $1 })
    }

    private static func counters(
        _ world: World, _ events: String
    ) throws -> (written: [String: Counters], summed: [String: Counters]) {
        let rows = try world.postgres.rows(
            """
            SELECT t.event_id, t.capacity, t.blocked, t.held, t.sold,
                coalesce(sum(i.quantity) FILTER (WHERE b.status IN ('RESERVED', 'PENDING_PAYMENT')), 0),
                coalesce(sum(i.quantity) FILTER (WHERE b.status = 'CONFIRMED'), 0),
                (SELECT count(*) FROM event_seats s JOIN bookings o ON o.id = s.booking_id
                    WHERE s.event_id = t.event_id AND o.status <> 'CONFIRMED'),
                (SELECT count(*) FROM event_seats s JOIN bookings o ON o.id = s.booking_id
                    WHERE s.event_id = t.event_id AND o.status = 'CONFIRMED')
            FROM tiers t LEFT JOIN booking_items i ON i.tier_id = t.id LEFT JOIN bookings b ON b.id = i.booking_id
            WHERE t.event_id IN (\(events)) GROUP BY t.id
            """)
        var (written, summed): ([String: Counters], [String: Counters]) = ([:], [:])
        for row in rows {
            let part = try parts(row, 9)
            let number = part.map { Int($0) ?? -1 }
            var counters = Counters(
                capacity: number[1], held: number[3], sold: number[4], blocked: number[2], heldSeats: number[7],
                soldSeats: number[8])
            written[part[0]] = counters
            (counters.held, counters.sold) = (number[5], number[6])
            summed[part[0]] = counters
        }
        return (written, summed)
    }
}

// MARK: - Redis

extension Books {
    private static let script = """
        local out = {}
        for _, event in ipairs(ARGV) do
          local key = redis.call('KEYS', '{p*}:e:' .. event)[1]
          if key then
            local tag = string.match(key, '^{[^}]+}:')
            local map = redis.call('GET', tag .. 's:' .. event) or ''
            local _, held = string.gsub(map, 'h', 'h')
            local _, sold = string.gsub(map, 's', 's')
            local all = redis.call('HGETALL', key)
            for i = 1, #all, 2 do
              if string.sub(all[i], 1, 1) == 't' then
                local tier = { struct.unpack('>I4I4I4I4I4I6c1', all[i + 1]) }
                out[#out + 1] = table.concat({ 'e', event, held, sold, unpack(tier, 1, 7) }, ' ')
              end
            end
          end
        end
        for _, key in ipairs(redis.call('KEYS', '{p*}:outbox')) do
          local last = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)[1]
          out[#out + 1] = 'o ' .. string.match(key, '%d+') .. ' ' .. (last and last[1] or '0-0')
        end
        return out
        """

    private static func live(
        _ world: World, _ venue: Venue
    ) throws -> (live: [String: Counters], available: [String: Int], unwritten: [String]) {
        let lines = try world.redis.evaluate(script, venue.all.map(\.id))
        var cursors: [String: StreamPlace] = [:]
        for row in try world.postgres.rows("SELECT id, last_ms || '-' || last_seq FROM partitions") {
            let part = try parts(row, 2)
            cursors[part[0]] = StreamPlace(part[1])
        }
        var (live, available, unwritten): ([String: Counters], [String: Int], [String]) = ([:], [:], [])
        for line in lines {
            let part = line.split(separator: " ").map(String.init)
            let number = part.map { Int($0) ?? -1 }
            if part[0] == "o", StreamPlace(part[2]) > cursors[part[1]] ?? StreamPlace("") {
                unwritten.append("partition \(part[1]) at \(part[2]), persisted up to \(cursors[part[1]] as Any)")
            }
            guard part[0] == "e", part.count == 11 else { continue }
            live[part[1]] = Counters(
                capacity: number[4], held: number[6], sold: number[7], blocked: number[8], heldSeats: number[2],
                soldSeats: number[3])
            available[part[1]] = number[5]
        }
        return (live, available, unwritten)
    }
}

/// An entry's place in a stream.
private struct StreamPlace: Comparable {
    let milliseconds: UInt64
    let sequence: UInt64

    init(_ text: String) {
        let part = text.split(separator: "-")
        milliseconds = part.first.flatMap { UInt64($0) } ?? 0
        sequence = part.last.flatMap { UInt64($0) } ?? 0
    }

    static func < (left: StreamPlace, right: StreamPlace) -> Bool {
        (left.milliseconds, left.sequence) < (right.milliseconds, right.sequence)
    }
}
