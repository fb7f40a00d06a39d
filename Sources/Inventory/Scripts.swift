import PlantedBugs
import RedisClient

/// The scripts of `lua/`, each joined with the libraries that its `@uses` line names, and with those of its `@lazily`
/// line: what these define is made only in a call that needs it, for Redis runs the whole text in each call.
struct Scripts: Sendable {
    let reserve = Scripts.load("reserve", PackageResources.reserve_lua)
    let beginPayment = Scripts.load("begin_payment", PackageResources.begin_payment_lua)
    let confirm = Scripts.load("confirm", PackageResources.confirm_lua)
    let failPayment = Scripts.load("fail_payment", PackageResources.fail_payment_lua)
    let refunded = Scripts.load("refunded", PackageResources.refunded_lua)
    let cancel = Scripts.load("cancel", PackageResources.cancel_lua)
    let extend = Scripts.load("extend", PackageResources.extend_lua)
    let expire = Scripts.load("expire", PackageResources.expire_lua)
    let availability = Scripts.load("availability", PackageResources.availability_lua)
    let close = Scripts.load("close", PackageResources.close_lua)
    let open = Scripts.load("open", PackageResources.open_lua)
    let loadEvent = Scripts.load("load_event", PackageResources.load_event_lua)
    let loadFields = Scripts.load("load_fields", PackageResources.load_fields_lua)
    let updateEvent = Scripts.load("update_event", PackageResources.update_event_lua)
    let block = Scripts.load("block", PackageResources.block_lua)
    let unblock = Scripts.load("unblock", PackageResources.unblock_lua)
    let seatMap = Scripts.load("seat_map", PackageResources.seat_map_lua)
    let cancelItems = Scripts.load("cancel_items", PackageResources.cancel_items_lua)
    let remember = Scripts.load("remember", PackageResources.remember_lua)
    let loadKeys = Scripts.load("load_keys", PackageResources.load_keys_lua)
    let acknowledge = Scripts.load("acknowledge", PackageResources.acknowledge_lua)
    let audit = Scripts.load("audit", PackageResources.audit_lua)
    let glance = Scripts.load("glance", PackageResources.glance_lua)
    let overrule = Scripts.load("overrule", PackageResources.overrule_lua)
    let suspect = Scripts.load("suspect", PackageResources.suspect_lua)
    let backlog = Scripts.load("backlog", PackageResources.backlog_lua)
    let rateLimit = Scripts.load("rate_limit", PackageResources.rate_limit_lua)
    let loadBooking = Scripts.load("load_booking", PackageResources.load_booking_lua)

    static let shared = Scripts()

    /// Every one of them.
    var all: [RedisScript] { Mirror(reflecting: self).children.compactMap { $0.value as? RedisScript } }

    private static let libraries: [String: [UInt8]] = [
        "guard": PackageResources.guard_lua,
        "booking": PackageResources.booking_lua,
        "idempotency": PackageResources.idempotency_lua,
        "seats": PackageResources.seats_lua,
        "work": PackageResources.work_lua,
        "transition": PackageResources.transition_lua,
        "counters": PackageResources.counters_lua,
    ]

    private static func library(_ name: String, _ script: String) -> String {
        guard let text = libraries[name] else {
            preconditionFailure("lua/\(script).lua uses the unknown library \(name)")
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The table of a library, which fills itself when it is first looked into.
    private static func lazily(_ name: String, _ text: String) -> String {
        guard let start = text.firstRange(of: "\nlocal \(name) = {}\n") else {
            preconditionFailure("lua/lib/\(name).lua does not begin with its table")
        }
        return """
            local \(name) = {}
            setmetatable(\(name), { __index = function(_, wanted)
              setmetatable(\(name), nil)
            \(text[start.upperBound...])
              return \(name)[wanted]
            end })
            """
    }

    /// Joins a script with its libraries; a `@flags` line becomes Redis's shebang, which must come first.
    private static func load(_ name: String, _ text: [UInt8]) -> RedisScript {
        let source = String(decoding: text, as: UTF8.self)
        let header = source.split(separator: "\n").prefix { $0.hasPrefix("--") }
        func words(_ mark: String) -> [String] {
            header.filter { $0.hasPrefix(mark) }.flatMap {
                $0.dropFirst(mark.count).split(separator: " ").map(String.init)
            }
        }
        let flags = words("-- @flags ").map { "#!lua flags=\($0)" }
        // What is used may call what is used lazily.
        let lazy = words("-- @lazily ").map { lazily($0, library($0, name)) }
        let parts = flags + lazy + words("-- @uses ").map { library($0, name) } + [source]
        return RedisScript(name: name, source: PlantedBug.planted(parts.joined(separator: "\n")))
    }
}
