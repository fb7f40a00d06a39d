import HTTP
import Metrics
import SeatInventory

/// Counts and times responses, for one loop. Metrics are looked up once, so that a response costs two additions.
final class RequestMetrics {
    private final class Entry {
        private let time: Histogram
        private var statuses: [(status: Int, count: Counter)] = []

        init(_ time: Histogram) { self.time = time }

        func note(_ route: Router.Route, _ status: Int, _ nanoseconds: Int64) {
            time.observe(nanoseconds)
            for index in statuses.indices where statuses[index].status == status {
                return statuses[index].count.add()
            }
            let count = ServeMetrics.shared.requests[route.path, route.method.rawValue, String(status)]
            statuses.append((status, count))
            count.add()
        }
    }

    /// Indexed by route.
    private var entries: [Entry?] = []

    /// Also measures the claims of this inventory.
    init(_ inventory: Inventory) {
        let groupSize = ServeMetrics.shared.groupSize[]
        inventory.onGroup = { groupSize.observe($0) }
        let claims = ClaimLabel.allCases.map { ServeMetrics.shared.claims[$0.name] }
        inventory.onClaim = { claims[ClaimLabel($0).rawValue].add() }
    }

    /// Records a response.
    ///
    /// - Parameter route: `nil` for a path without a route.
    func note(_ route: Router.Route?, status: Int, nanoseconds: Int64) {
        guard let route else {
            ServeMetrics.shared.requests["unmatched", "", String(status)].add()
            return
        }
        entry(route).note(route, status, nanoseconds)
    }

    private func entry(_ route: Router.Route) -> Entry {
        while entries.count <= route.index { entries.append(nil) }
        if let entry = entries[route.index] { return entry }
        let entry = Entry(ServeMetrics.shared.requestTime[route.path, route.method.rawValue])
        entries[route.index] = entry
        return entry
    }
}

/// The outcome of a claim as a metric label.
enum ClaimLabel: Int, CaseIterable {
    case held, replayed, keyReused, keyLimit, soldOut, notEnoughLeft, heldByOthers, seatsTaken, noAdjacent, notOpen
    case closed, eventCancelled, limit, mistaken, failed

    /// The label's value.
    var name: String {
        switch self {
        case .held: "held"
        case .replayed: "replayed"
        case .keyReused: "key_reused"
        case .keyLimit: "key_limit"
        case .soldOut: "sold_out"
        case .notEnoughLeft: "not_enough_left"
        case .heldByOthers: "held_by_others"
        case .seatsTaken: "seats_taken"
        case .noAdjacent: "no_adjacent"
        case .notOpen: "not_open"
        case .closed: "closed"
        case .eventCancelled: "event_cancelled"
        case .limit: "limit"
        case .mistaken: "mistaken"
        case .failed: "failed"
        }
    }

    init(_ result: Result<ClaimOutcome, InventoryError>) {
        guard case .success(let outcome) = result else {
            self = .failed
            return
        }
        self =
            switch outcome {
            case .held: .held
            case .replay, .existing, .gone: .replayed
            case .keyReused: .keyReused
            case .keyLimit: .keyLimit
            case .soldOut: .soldOut
            case .notEnoughLeft: .notEnoughLeft
            case .heldByOthers: .heldByOthers
            case .seatsTaken: .seatsTaken
            case .noAdjacent: .noAdjacent
            case .notOpen: .notOpen
            case .closed: .closed
            case .eventCancelled: .eventCancelled
            case .ticketLimit, .bookingLimit: .limit
            case .unknownTiers, .unknownSeats, .mistaken, .noEvent: .mistaken
            }
    }
}
