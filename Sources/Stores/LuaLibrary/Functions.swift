import PlantedBugs
package import RedisClient

#if DEBUG
    import Glibc
#endif

/// The functions of `lua/`: one library, whose name is the hash of its text.
package struct Functions: Sendable {
    /// The library of this version of the program.
    package static let library = RedisLibrary(prefix: prefix, text: PlantedBug.planted(joined) + variant)
    /// The prefix of the names of all versions' libraries.
    package static let prefix = "usher"
    /// The functions of `library`.
    package static let shared = Functions()

    package let acknowledge = library.function("acknowledge")
    package let announce = library.function("announce")
    package let apply = library.function("apply")
    package let applyFull = library.function("apply_full")
    package let audit = library.function("audit")
    package let availability = library.function("availability")
    package let backlog = library.function("backlog")
    package let close = library.function("close")
    package let glance = library.function("glance")
    package let loadBooking = library.function("load_booking")
    package let loadEvent = library.function("load_event")
    package let loadFields = library.function("load_fields")
    package let loadKeys = library.function("load_keys")
    package let loginLimit = library.function("login_limit")
    package let open = library.function("open")
    package let rateLimit = library.function("rate_limit")
    package let remember = library.function("remember")
    package let seatMap = library.function("seat_map")
    package let suspect = library.function("suspect")
    package let tryRights = library.function("try_rights")
    package let updateEvent = library.function("update_event")

    package var all: [RedisFunction] { Mirror(reflecting: self).children.compactMap { $0.value as? RedisFunction } }

    /// `lua/library.lua`, then the files of `lua/lib/`, then the functions: each file except the first in a block of
    /// its own, so that its local names are private.
    private static let joined: String = {
        let preamble = String(decoding: PackageResources.library_lua, as: UTF8.self)
        let blocks = files.map { "\ndo\n" + String(decoding: $0, as: UTF8.self) + "end\n" }
        return preamble + blocks.joined()
    }()

    #if DEBUG
        /// Makes this process's library another version's, so that tests can run two versions side by side.
        private static let variant = getenv("USHER_LIBRARY_VARIANT").map { "-- " + String(cString: $0) + "\n" } ?? ""
    #else
        private static let variant = ""
    #endif

    private static let files: [[UInt8]] = [
        // Shared files: layouts and users' lists first, because the others use them while loading.
        PackageResources.layout_lua,
        PackageResources.users_lua,
        PackageResources.answers_lua,
        PackageResources.arguments_lua,
        PackageResources.asked_lua,
        PackageResources.best_seats_lua,
        PackageResources.blocks_lua,
        PackageResources.bookings_lua,
        PackageResources.cancellations_lua,
        PackageResources.claim_best_lua,
        PackageResources.claim_items_lua,
        PackageResources.claim_refusals_lua,
        PackageResources.claim_replays_lua,
        PackageResources.claim_seats_lua,
        PackageResources.claim_wants_lua,
        PackageResources.claims_lua,
        PackageResources.commit_lua,
        PackageResources.confirmations_lua,
        PackageResources.day_keys_lua,
        PackageResources.event_lua,
        PackageResources.extensions_lua,
        PackageResources.grants_lua,
        PackageResources.hold_index_lua,
        PackageResources.holdings_lua,
        PackageResources.holds_lua,
        PackageResources.key_counts_lua,
        PackageResources.lines_lua,
        PackageResources.live_holds_lua,
        PackageResources.memo_lua,
        PackageResources.moves_lua,
        PackageResources.operation_fields_lua,
        PackageResources.operation_readers_lua,
        PackageResources.operations_lua,
        PackageResources.partition_lua,
        PackageResources.payments_lua,
        PackageResources.policies_lua,
        PackageResources.record_lua,
        PackageResources.record_tail_lua,
        PackageResources.row_places_lua,
        PackageResources.rows_lua,
        PackageResources.seat_runs_lua,
        PackageResources.short_ids_lua,
        PackageResources.shortages_lua,
        PackageResources.stored_event_lua,
        PackageResources.streams_lua,
        PackageResources.tiers_lua,
        PackageResources.totals_lua,
        PackageResources.versions_lua,
        // One function per file.
        PackageResources.acknowledge_lua,
        PackageResources.announce_lua,
        PackageResources.apply_lua,
        PackageResources.audit_lua,
        PackageResources.availability_lua,
        PackageResources.backlog_lua,
        PackageResources.close_lua,
        PackageResources.glance_lua,
        PackageResources.load_booking_lua,
        PackageResources.load_event_lua,
        PackageResources.load_fields_lua,
        PackageResources.load_keys_lua,
        PackageResources.login_limit_lua,
        PackageResources.open_lua,
        PackageResources.rate_limit_lua,
        PackageResources.remember_lua,
        PackageResources.seat_map_lua,
        PackageResources.suspect_lua,
        PackageResources.try_rights_lua,
        PackageResources.update_event_lua,
    ]
}
