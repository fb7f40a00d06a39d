package import BoxOffice
package import PostgresClient

/// The audit log in PostgreSQL; one per loop.
package final class AuditLog {
    private let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    /// Records an intent before its action is performed. From then on the log will get an entry, whatever happens to
    /// this process.
    package func begin(_ entry: AuditEntry) async throws(PostgresError) {
        _ = try await pool.query(
            """
            INSERT INTO audit_intents (id, at, actor_kind, actor_id, address, action, subject_kind, subject_id,
                request_id)
            VALUES ($1::uuid, to_timestamp($2::bigint / 1000.0), $3::text, $4::text, $5::text, $6::text, $7::text,
                $8::text, $9::text)
            """,
            [
                .text(entry.id.description), .integer(entry.at), .text(entry.actor.kind.rawValue),
                .optionalText(entry.actor.id), .optionalText(entry.address), .text(entry.action),
                .optionalText(entry.subject?.kind), .optionalText(entry.subject?.id), .optionalText(entry.requestID),
            ])
    }

    /// Appends entries and deletes their intents. Existing entries are left unchanged, so that a call whose answer was
    /// lost can be retried.
    package func append(_ entries: [AuditEntry]) async throws(PostgresError) {
        _ = try await pool.pipeline(Self.statements(entries))
    }

    /// The statements of `append`, for the caller's transaction.
    package static func statements(_ entries: [AuditEntry]) -> [PostgresStatement] {
        [
            PostgresStatement(
                """
                INSERT INTO audit_log (id, at, actor_kind, actor_id, address, action, subject_kind, subject_id, before,
                    after, outcome, reason, request_id)
                SELECT id, to_timestamp(at / 1000.0), actor_kind, actor_id, address, action, subject_kind, subject_id,
                    before::json, after::json, outcome, reason, request_id
                FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                    $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[])
                    AS t (id, at, actor_kind, actor_id, address, action, subject_kind, subject_id, before, after,
                        outcome, reason, request_id)
                ON CONFLICT (id) DO NOTHING
                """,
                [
                    .uuidArray(entries.map(\.id.description)), .integerArray(entries.map(\.at)),
                    .textArray(entries.map(\.actor.kind.rawValue)), .textArray(entries.map(\.actor.id)),
                    .textArray(entries.map(\.address)), .textArray(entries.map(\.action)),
                    .textArray(entries.map(\.subject?.kind)), .textArray(entries.map(\.subject?.id)),
                    .textArray(entries.map(\.before)), .textArray(entries.map(\.after)),
                    .textArray(entries.map(\.outcome.rawValue)), .textArray(entries.map(\.reason)),
                    .textArray(entries.map(\.requestID)),
                ]),
            PostgresStatement(
                "DELETE FROM audit_intents WHERE id = ANY ($1::uuid[])", [.uuidArray(entries.map(\.id.description))]),
        ]
    }

    /// Entries, newest first.
    ///
    /// - Parameters:
    ///   - actor: of this actor; `nil` for all.
    ///   - actorKind: only actors of this kind, since a service may have the name of a user; `nil` for any.
    ///   - subject: about this id; `nil` for any.
    ///   - subjectKind: only subjects of this kind, such as `user`; `nil` for any.
    ///   - action: this action and those it is a prefix of: `events` includes `events.publish`.
    ///   - before: the last entry of the previous page.
    ///   - limit: the maximum number of entries.
    package func list(
        actor: String?, actorKind: AuditEntry.Actor.Kind? = nil, subject: String?, subjectKind: String? = nil,
        action: String?, before: UUIDBytes?, limit: Int
    ) async throws(PostgresError) -> [AuditEntry] {
        var conditions = ["true"]
        var parameters: [PostgresValue] = [.integer(Int64(limit))]
        func add(_ condition: String, _ value: String?) {
            guard let value else { return }
            parameters.append(.text(value))
            conditions.append(condition.replacing("?", with: "$\(parameters.count)"))
        }
        add("actor_id = ?::text", actor)
        add("actor_kind = ?::text", actorKind?.rawValue)
        add("subject_id = ?::text", subject)
        add("subject_kind = ?::text", subjectKind)
        add("(action = ?::text OR starts_with(action, ?::text || '.'))", action)
        add("id < ?::uuid", before?.description)
        return try await pool.query(
            """
            SELECT id, (extract(epoch FROM at) * 1000)::bigint AS at_ms, actor_kind, actor_id, address, action,
                subject_kind, subject_id, before::text AS before, after::text AS after, outcome, reason, request_id
            FROM audit_log WHERE \(conditions.joined(separator: " AND ")) ORDER BY id DESC LIMIT $1::bigint
            """, parameters
        ).map { (row) throws(PostgresError) in try AuditEntry(row) }
    }

    /// Converts intents whose process never recorded an outcome into entries with outcome unknown.
    ///
    /// - Parameter seconds: the minimum age of an intent; far longer than a request takes.
    package func resolveIntents(olderThan seconds: Int64) async throws(PostgresError) {
        _ = try await pool.query(
            """
            WITH left_behind AS (
                DELETE FROM audit_intents WHERE made_at < now() - make_interval(secs => $1::bigint)
                RETURNING id, at, actor_kind, actor_id, address, action, subject_kind, subject_id, request_id
            )
            INSERT INTO audit_log (id, at, actor_kind, actor_id, address, action, subject_kind, subject_id, request_id,
                outcome)
            SELECT *, 'unknown' FROM left_behind ON CONFLICT (id) DO NOTHING
            """, [.integer(seconds)])
    }

    /// Deletes some of the entries whose retention has ended.
    ///
    /// - Parameters:
    ///   - before: Unix milliseconds.
    ///   - limit: the maximum number of entries.
    /// - Returns: how many were deleted.
    package func forget(before: Int64, limit: Int) async throws(PostgresError) -> Int {
        let first = UUIDBytes(high: UInt64(max(0, before)) << 16, low: 0)
        return try await pool.query(
            """
            DELETE FROM audit_log WHERE id IN (
                SELECT id FROM audit_log WHERE id < $1::uuid ORDER BY id LIMIT $2::bigint)
            """, [.text(first.description), .integer(Int64(limit))]
        ).affectedRows
    }
}

extension AuditEntry {
    fileprivate init(_ row: PostgresRow) throws(PostgresError) {
        guard let id = UUIDBytes(try row.string("id")), let kind = Actor.Kind(rawValue: try row.string("actor_kind")),
            let outcome = Outcome(rawValue: try row.string("outcome"))
        else { throw PostgresError.undecodable("audit_log") }
        var subject: Subject?
        if let kind = try row.optionalString("subject_kind"), let id = try row.optionalString("subject_id") {
            subject = Subject(kind, id)
        }
        self.init(
            id: id, at: try row.integer("at_ms"), actor: Actor(kind, try row.optionalString("actor_id")),
            address: try row.optionalString("address"), action: try row.string("action"), subject: subject,
            before: try row.optionalString("before"), after: try row.optionalString("after"), outcome: outcome,
            reason: try row.optionalString("reason"), requestID: try row.optionalString("request_id"))
    }
}
