package import BoxOffice
package import PostgresClient
import Records
import SeatInventory

/// Persists dead letters after the cause of their refusal was fixed. One per loop.
package final class DeadLetterReplay {
    /// The result for one dead letter.
    package enum Outcome: Sendable {
        case written
        /// PostgreSQL has later versions of all its bookings.
        case superseded
        /// The letter cannot be parsed.
        case unreadable
        /// PostgreSQL still refuses the letter; the text is safe to log.
        case refused(String)
        /// Every attempt was fenced: the partition is busy.
        case busy
    }

    package struct Letter: Sendable {
        package let id: Int64
        package let partition: Partition
        package let reason: String
        let entry: String
    }

    private let pool: PostgresPool
    private let partitions: Partitions
    private let bookings: BookingStore
    private let writer: BatchWriter

    /// A replay is retried if the reconciler moves the cursor meanwhile.
    private static let attempts = 100

    package init(pool: PostgresPool) {
        self.pool = pool
        partitions = Partitions(pool: pool)
        bookings = BookingStore(pool: pool)
        writer = BatchWriter(pool: pool)
    }

    /// The dead letters that were not replayed, oldest first; only letter `id` if given.
    package func letters(_ id: Int64?) async throws(PostgresError) -> [Letter] {
        try await pool.query(
            """
            SELECT id, partition, entry, reason FROM dead_letters
            WHERE replayed_at IS NULL AND ($1::bigint IS NULL OR id = $1::bigint) ORDER BY id
            """, [id.map { .integer($0) } ?? .null]
        ).map { (row) throws(PostgresError) in
            Letter(
                id: try row.integer("id"), partition: Partition(UInt16(try row.integer("partition"))),
                reason: try row.string("reason"), entry: try row.string("entry"))
        }
    }

    /// Persists a dead letter, fenced like every batch.
    package func replay(_ letter: Letter) async throws(PostgresError) -> Outcome {
        guard let images = Self.images(letter.entry) else { return .unreadable }
        for _ in 0..<Self.attempts {
            guard let row = try await partitions.row(letter.partition) else { return .unreadable }
            let versions = try await bookings.versions(of: Array(images.keys))
            var batch = Batch()
            let later = images.filter { $1.version > versions[$0] ?? 0 }
            for (booking, image) in later { batch.add(booking, image) }
            do throws(PostgresError) {
                let outcome = try await writer.write(batch, partition: row, cursor: row.cursor, replayed: letter.id)
                if case .written = outcome { return later.isEmpty ? .superseded : .written }
            } catch  where error.isPoison {
                return .refused(error.description)
            }
        }
        return .busy
    }

    /// The bookings in a letter's text; `nil` if it has none.
    private static func images(_ entry: String) -> [BookingID: Booking]? {
        var images: [BookingID: Booking] = [:]
        for line in entry.split(separator: "\n") where !line.hasPrefix("event ") {
            let part = line.split(separator: " ", maxSplits: 1)
            guard part.count == 2, let uuid = UUIDBytes(part[0]), let image = Booking(text: String(part[1])) else {
                return nil
            }
            images[BookingID(stored: uuid)] = image
        }
        return images.isEmpty ? nil : images
    }
}
