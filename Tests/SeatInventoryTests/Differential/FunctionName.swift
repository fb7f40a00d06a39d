import LuaLibrary
import RedisClient

/// The functions' names.
enum FunctionName: String, CaseIterable {
    case apply, applyFull = "apply_full", availability, close, loadBooking = "load_booking", loadEvent = "load_event",
        loadFields = "load_fields", loadKeys = "load_keys", open, remember, seatMap = "seat_map",
        updateEvent = "update_event"

    /// The library's text.
    static let library = Functions.library.source

    var fullName: String { Functions.library.name + "_" + rawValue }
}
