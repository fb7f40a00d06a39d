import BoxOffice
import PostgresClient

/// The SQL for one page of booking ids, newest first, with one index scan per requested phase.
///
/// Absent conditions are omitted instead of compared with NULL, so that each kind of list has its own plan; there are
/// few kinds.
struct BookingPage {
    private(set) var parameters: [PostgresValue] = []
    private(set) var sql = ""

    /// - Parameters:
    ///   - except: bookings to leave out.
    ///   - limit: the maximum number of bookings.
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

    /// The conditions on phase and status, one per index scan.
    private mutating func statuses(_ filter: BookingFilter) -> [String?] {
        switch filter.status {
        case .reserved?:
            return ["phase = 0 AND status = 'RESERVED' AND expires_at > \(moment(filter.now))"]
        case .expired?:
            return ["phase = 2", "phase = 0 AND status = 'RESERVED' AND expires_at <= \(moment(filter.now))"]
        case .pendingPayment?:
            return ["phase = 0 AND status = 'PENDING_PAYMENT'"]
        case let status?:
            return ["phase = \(status.phase)"]
        case nil where filter.event != nil && filter.user == nil:
            // An event's index has the phase before the id.
            return Set(BookingStatus.allCases.map(\.phase)).sorted().map { "phase = \($0)" }
        case nil:
            return [nil]
        }
    }

    private mutating func moment(_ milliseconds: Int64) -> String {
        "to_timestamp(\(bind(.integer(milliseconds), "bigint")) / 1000.0)"
    }

    /// Adds a parameter and returns its placeholder.
    private mutating func bind(_ value: PostgresValue, _ type: String) -> String {
        parameters.append(value)
        return "$\(parameters.count)::\(type)"
    }
}

extension BookingStatus {
    /// The value of the column `phase`, by which indexes are built.
    var phase: Int {
        switch self {
        case .reserved, .pendingPayment: 0
        case .confirmed: 1
        case .expired: 2
        case .cancelled: 3
        case .failed: 4
        }
    }
}
