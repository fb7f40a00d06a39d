import Booking
import Cryptography
import Foundation
import PostgresClient
import Records

/// What commands leave in the audit log: their actor is the system, with the name of whoever is logged in there.
struct CommandAudit {
    private let pool: PostgresPool

    init(_ pool: PostgresPool) { self.pool = pool }

    /// Appends an entry.
    func record(
        _ action: String, subject: AuditEntry.Subject? = nil, before: String? = nil, after: String? = nil,
        reason: String? = nil
    ) async throws(PostgresError) {
        try await AuditLog(pool: pool).append([
            Self.entry(action, subject: subject, before: before, after: after, reason: reason)
        ])
    }

    /// The entry, for a transaction of the caller's.
    static func entry(
        _ action: String, subject: AuditEntry.Subject? = nil, before: String? = nil, after: String? = nil,
        reason: String? = nil
    ) -> AuditEntry {
        let now = Int64(Date().timeIntervalSince1970 * 1000)
        let random = RandomSource()
        return AuditEntry(
            id: AuditEntry.id(milliseconds: now, random: (random.next(), random.next())), at: now,
            actor: AuditEntry.Actor(.system, NSUserName()), action: action, subject: subject, before: before,
            after: after, outcome: .done, reason: reason)
    }
}
