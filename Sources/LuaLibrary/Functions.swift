import PlantedBugs
public import RedisClient

#if DEBUG
    import Glibc
#endif

/// The functions of `lua/`: one library, whose name is the hash of its text.
public struct Functions: Sendable {
    /// The library of this version of the program.
    public static let library = RedisLibrary(prefix: prefix, text: PlantedBug.planted(joined) + variant)
    /// What the names of all versions' libraries begin with.
    public static let prefix = "usher"
    /// Those of `library`.
    public static let shared = Functions()

    package let acknowledge = library.function("acknowledge")
    package let announce = library.function("announce")
    package let audit = library.function("audit")
    package let availability = library.function("availability")
    package let backlog = library.function("backlog")
    package let beginPayment = library.function("begin_payment")
    package let block = library.function("block")
    package let cancel = library.function("cancel")
    package let cancelItems = library.function("cancel_items")
    package let close = library.function("close")
    package let confirm = library.function("confirm")
    package let expire = library.function("expire")
    package let extend = library.function("extend")
    package let failPayment = library.function("fail_payment")
    package let glance = library.function("glance")
    package let loadBooking = library.function("load_booking")
    package let loadEvent = library.function("load_event")
    package let loadFields = library.function("load_fields")
    package let loadKeys = library.function("load_keys")
    package let loginLimit = library.function("login_limit")
    package let open = library.function("open")
    package let overrule = library.function("overrule")
    package let rateLimit = library.function("rate_limit")
    package let refunded = library.function("refunded")
    package let remember = library.function("remember")
    package let reserve = library.function("reserve")
    package let seatMap = library.function("seat_map")
    package let suspect = library.function("suspect")
    package let tryRights = library.function("try_rights")
    package let unblock = library.function("unblock")
    package let updateEvent = library.function("update_event")

    /// Every one of them.
    public var all: [RedisFunction] { Mirror(reflecting: self).children.compactMap { $0.value as? RedisFunction } }

    /// `lua/library.lua`, then the concerns of `lua/lib/`, then the functions: each file but the first in a block of its
    /// own, so that its names are its own.
    private static let joined: String = {
        let preamble = String(decoding: PackageResources.library_lua, as: UTF8.self)
        let blocks = files.map { "\ndo\n" + String(decoding: $0, as: UTF8.self) + "end\n" }
        return preamble + blocks.joined()
    }()

    #if DEBUG
        /// What makes the library of this process another version's, so that tests run two of them side by side.
        private static let variant = getenv("USHER_LIBRARY_VARIANT").map { "-- " + String(cString: $0) + "\n" } ?? ""
    #else
        /// Nothing.
        private static let variant = ""
    #endif

    private static let files: [[UInt8]] = [
        // What functions share.
        PackageResources.booking_lua,
        PackageResources.counters_lua,
        PackageResources.guard_lua,
        PackageResources.idempotency_lua,
        PackageResources.seats_lua,
        PackageResources.transition_lua,
        PackageResources.work_lua,
        // A function each.
        PackageResources.acknowledge_lua,
        PackageResources.announce_lua,
        PackageResources.audit_lua,
        PackageResources.availability_lua,
        PackageResources.backlog_lua,
        PackageResources.begin_payment_lua,
        PackageResources.block_lua,
        PackageResources.cancel_lua,
        PackageResources.cancel_items_lua,
        PackageResources.close_lua,
        PackageResources.confirm_lua,
        PackageResources.expire_lua,
        PackageResources.extend_lua,
        PackageResources.fail_payment_lua,
        PackageResources.glance_lua,
        PackageResources.load_booking_lua,
        PackageResources.load_event_lua,
        PackageResources.load_fields_lua,
        PackageResources.load_keys_lua,
        PackageResources.login_limit_lua,
        PackageResources.open_lua,
        PackageResources.overrule_lua,
        PackageResources.rate_limit_lua,
        PackageResources.refunded_lua,
        PackageResources.remember_lua,
        PackageResources.reserve_lua,
        PackageResources.seat_map_lua,
        PackageResources.suspect_lua,
        PackageResources.try_rights_lua,
        PackageResources.unblock_lua,
        PackageResources.update_event_lua,
    ]
}
