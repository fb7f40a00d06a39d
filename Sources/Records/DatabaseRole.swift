/// A process's account in PostgreSQL, and the least that it needs there.
public enum DatabaseRole: String, CaseIterable, Sendable {
    /// Of `usher serve`: the catalogue, accounts, and what providers tell; of bookings it only reads.
    case serve = "usher_serve"
    /// Of `usher reconcile`, `verify` and `replay-dead-letter`: what was booked and paid; nothing of accounts.
    case reconcile = "usher_reconcile"
    /// Of `usher migrate` and `seed`: owns the tables.
    case migrate = "usher_migrate"

    /// What it may do with some tables, as `GRANT` has it.
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
    /// Tables about people, whom the reconciler never asks for.
    private static let accounts = ["users", "refresh_families", "refresh_tokens", "revocations"]

    /// Who did what: nobody changes it, and only the reconciler, which enforces how long it is kept, deletes from it.
    private static let audit = ["audit_log", "audit_intents"]

    /// Every table of this schema.
    static let tables = sales + accounts + audit

    /// What numbers events.
    static let numbers = "events_number_seq"

    /// Tables that it may read.
    var readable: [String] { self == .reconcile ? Self.sales + Self.audit : Self.tables }

    /// What it may do beside reading.
    var rights: [Right] {
        switch self {
        case .serve:
            [
                Right(
                    "INSERT, UPDATE", "events", "tiers", "users", "refresh_tokens", "callbacks", "charges", "payments"),
                Right("INSERT", "venues", "event_rows"),
                // A repair counts again who has which seat.
                Right("INSERT, DELETE", "event_seats"),
                Right("INSERT, UPDATE, DELETE", "refresh_families", "revocations"),
                // Whoever erases an account deletes it.
                Right("DELETE", "users"),
                // An event that lets people book twice says so on its bookings.
                Right("UPDATE (exclusive)", "bookings"),
                // Whoever changes an event holds its partition's row meanwhile (`SELECT … FOR UPDATE` asks for this).
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
