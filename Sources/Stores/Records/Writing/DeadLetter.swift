package import BoxOffice
import PostgresClient

/// An outbox entry that could not be persisted.
package struct DeadLetter: Sendable {
    /// Its id in the outbox.
    package let id: StreamID
    /// The entry's text.
    package let entry: String
    /// Why it was refused.
    package let reason: String
    /// Trace context and id of the request that caused it, if it was a single one. Not stored.
    package let trace: String?

    package init(id: StreamID, entry: String, reason: String, trace: String? = nil) {
        self.id = id
        self.entry = entry
        self.reason = reason
        self.trace = trace
    }

    static func replayed(_ id: Int64) -> PostgresStatement {
        PostgresStatement("UPDATE dead_letters SET replayed_at = now() WHERE id = $1::bigint", [.integer(id)])
    }

    func statement(_ partition: Partition) -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO dead_letters (partition, stream_ms, stream_seq, entry, reason)
            VALUES ($1::integer, $2::bigint, $3::bigint, $4::text, $5::text)
            """,
            [
                .integer(Int64(partition.number)), .integer(id.milliseconds), .integer(id.sequence),
                .text(entry.replacing("\0", with: "\u{fffd}")), .text(reason),
            ])
    }
}
