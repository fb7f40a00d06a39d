import Booking
import PostgresClient

/// The SQL of one page of bookings: their ids, newest first, found by one walk of an index for each status asked for.
///
/// A condition that may be missing is left out instead of being compared with NULL, so that each kind of list has its own
/// plan; there are few kinds.
struct BookingPage {
    private(set) var parameters: [PostgresValue] = []
    private(set) var sql = ""

    /// - Parameters:
    ///   - except: bookings that are left out.
    ///   - limit: at most so many.
    init(_ filter: BookingFilter, except: [BookingID] = [], limit: Int) {
        let most = bind(.integer(Int64(limit)), "bigint")
        var conditions: [String] = []
        if let user = filter.user { conditions.append("user_id = \(bind(.text(user.text), "text"))") }
        if let event = filter.event { conditions.append("event_id = \(bind(.text(event.description), "uuid"))") }
        if let before = filter.before { conditions.append("id < \(bind(.text(before.description), "uuid"))") }
        if !except.isEmpty {
            conditions.append("id <> ALL (\(bind(.textArray(except.map(\.description)), "uuid[]")))")
        }
        let walks = statuses(filter).map { status in
            let all = (conditions + [status].compactMap(\.self)).joined(separator: " AND ")
            return "SELECT id FROM bookings\(all.isEmpty ? "" : " WHERE \(all)") ORDER BY id DESC LIMIT \(most)"
        }
        sql =
            walks.count == 1
            ? walks[0] : walks.map { "(\($0))" }.joined(separator: " UNION ALL ") + " ORDER BY id DESC LIMIT \(most)"
    }

    /// What is asked of the status, a walk each.
    private mutating func statuses(_ filter: BookingFilter) -> [String?] {
        switch filter.status {
        case .reserved?:
            return ["status = 'RESERVED' AND expires_at > \(moment(filter.now))"]
        case .expired?:
            return [
                "status = 'EXPIRED'", "status = 'RESERVED' AND expires_at <= \(moment(filter.now))",
            ]
        case let status?:
            return ["status = '\(status.rawValue)'"]
        case nil where filter.event != nil && filter.user == nil:
            // An event's index has the status before the id.
            return BookingStatus.allCases.map { "status = '\($0.rawValue)'" }
        case nil:
            return [nil]
        }
    }

    private mutating func moment(_ milliseconds: Int64) -> String {
        "to_timestamp(\(bind(.integer(milliseconds), "bigint")) / 1000.0)"
    }

    /// Adds a parameter.
    private mutating func bind(_ value: PostgresValue, _ type: String) -> String {
        parameters.append(value)
        return "$\(parameters.count)::\(type)"
    }
}
