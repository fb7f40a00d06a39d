import BoxOffice
import Cryptography
import Foundation
import PostgresClient
import Records

/// Writes audit entries of commands. The actor is the system, with the name of the logged-in operating system user.
struct CommandAudit {
    private let pool: PostgresPool

    init(_ pool: PostgresPool) { self.pool = pool }

    func record(
        _ action: String, subject: AuditEntry.Subject? = nil, before: String? = nil, after: String? = nil,
        reason: String? = nil
    ) async throws(PostgresError) {
        try await AuditLog(pool: pool).append([
            Self.entry(action, subject: subject, before: before, after: after, reason: reason)
        ])
    }

    /// Makes an entry that the caller appends in its own transaction.
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
