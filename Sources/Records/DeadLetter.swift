public import Booking
import PostgresClient

/// An entry that could not be written down.
public struct DeadLetter: Sendable {
    /// Its place in the outbox.
    public let id: StreamID
    /// What it says.
    public let entry: String
    /// Why it was not written.
    public let reason: String
    /// Trace context and id of the request that caused it, when it is of one alone. Not kept.
    public let trace: String?

    /// A dead letter.
    public init(id: StreamID, entry: String, reason: String, trace: String? = nil) {
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
