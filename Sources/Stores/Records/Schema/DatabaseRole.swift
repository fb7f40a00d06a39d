/// A process's PostgreSQL account with the least privileges that it needs.
package enum DatabaseRole: String, CaseIterable, Sendable {
    /// For `usher serve`: catalogue, accounts and providers' messages; bookings read-only.
    case serve = "usher_serve"
    /// For `usher reconcile`, `verify` and `replay-dead-letter`: bookings and payments; no accounts.
    case reconcile = "usher_reconcile"
    /// For `usher migrate` and `seed`: owns the tables.
    case migrate = "usher_migrate"

    /// Privileges on some tables, in the syntax of `GRANT`.
    struct Right {
        let privileges: String
        let tables: [String]

        init(_ privileges: String, _ tables: String...) { (self.privileges, self.tables) = (privileges, tables) }
    }

    /// Tables about what is sold, and to whom.
    private static let sales = [
        "settings", "schema_migrations", "partitions", "reconcilers", "events", "tiers", "bookings", "booking_items",
        "payments", "dead_letters", "venues", "event_rows", "event_seats", "blocks", "callbacks", "charges", "verdicts",
    ]
    /// Tables about people, which the reconciler never reads.
    private static let accounts = ["users", "refresh_families", "refresh_tokens", "revocations"]

    /// The audit log: no role updates it, and only the reconciler, which enforces its retention, deletes from it.
    private static let audit = ["audit_log", "audit_intents"]

    static let tables = sales + accounts + audit

    /// The sequence of event numbers.
    static let numbers = "events_number_seq"

    /// Tables that the role may read.
    var readable: [String] { self == .reconcile ? Self.sales + Self.audit : Self.tables }

    /// Privileges in addition to reading.
    var rights: [Right] {
        switch self {
        case .serve:
            [
                Right(
                    "INSERT, UPDATE", "events", "tiers", "users", "refresh_tokens", "callbacks", "charges", "payments"),
                Right("INSERT", "venues", "event_rows"),
                // A repair recomputes which seat belongs to which booking.
                Right("INSERT, DELETE", "event_seats"),
                Right("INSERT, UPDATE, DELETE", "refresh_families", "revocations"),
                // For erasing an account.
                Right("DELETE", "users"),
                // When an event starts to allow several bookings per user, its bookings are updated.
                Right("UPDATE (exclusive)", "bookings"),
                // Changing an event locks its partition's row (`SELECT … FOR UPDATE` requires this privilege).
                Right("UPDATE (owner)", "partitions"),
                Right("INSERT", "audit_log"),
                Right("INSERT, DELETE", "audit_intents"),
            ]
        case .reconcile:
            [
                Right("UPDATE", "partitions", "tiers", "charges"),
                Right("INSERT, UPDATE", "bookings", "payments", "blocks", "dead_letters", "verdicts"),
                Right("INSERT, DELETE", "event_seats"),
                Right("INSERT, UPDATE, DELETE", "booking_items", "reconcilers"),
                Right("DELETE", "callbacks", "audit_intents"),
                Right("INSERT, DELETE", "audit_log"),
            ]
        case .migrate: []
        }
    }
}
