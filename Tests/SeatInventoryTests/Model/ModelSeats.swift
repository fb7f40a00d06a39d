import BoxOffice

/// The state of a unit.
enum ModelPlace: Character {
    case available = "."
    case held = "h"
    case sold = "s"
    case blocked = "b"

    /// The byte in the seat map.
    var byte: UInt8 { rawValue.asciiValue ?? 0 }

    /// The counter of units in this state.
    var count: WritableKeyPath<ModelTier, Int> {
        switch self {
        case .available: \.available
        case .held: \.held
        case .sold: \.sold
        case .blocked: \.blocked
        }
    }
}

/// A row of seats.
struct ModelRow: Equatable {
    /// More than the maximum length of a row; a seat's number is row times this plus its place.
    static let limit = 1024

    let tier: UUIDBytes
    var seats: [ModelPlace]

    var bytes: [UInt8] { seats.map(\.byte) }

    /// The longest run of adjacent free seats.
    var longestRun: Int {
        var longest = 0
        var run = 0
        for seat in seats {
            run = seat == .available ? run + 1 : 0
            longest = max(longest, run)
        }
        return longest
    }

    /// The best start of `count` adjacent free seats, and whether they leave a single free seat beside them.
    func best(_ count: Int) -> (first: Int, leavesSingleSeat: Bool)? {
        let free = seats.map { $0 == .available }
        func isFree(_ place: Int) -> Bool { free.indices.contains(place) && free[place] }
        var best: (first: Int, leavesSingleSeat: Bool, distance: Int)?
        guard count <= free.count else { return nil }
        for first in 0...free.count - count where free[first..<first + count].allSatisfy({ $0 }) {
            let end = first + count
            let leavesSingleSeat = isFree(first - 1) && !isFree(first - 2) || isFree(end) && !isFree(end + 1)
            // Twice the distance between the middles of the run and of the row.
            let distance = abs(first + end - free.count)
            let isBetter =
                best.map { (leavesSingleSeat ? 1 : 0, distance) < ($0.leavesSingleSeat ? 1 : 0, $0.distance) } ?? true
            if isBetter { best = (first, leavesSingleSeat, distance) }
        }
        return best.map { ($0.first, $0.leavesSingleSeat) }
    }
}

extension ModelEvent {
    /// A seat's state; nil if the seat does not exist.
    func place(of seat: Int) -> ModelPlace? {
        let (row, place) = seat.quotientAndRemainder(dividingBy: ModelRow.limit)
        return rows.indices.contains(row) && rows[row].seats.indices.contains(place) ? rows[row].seats[place] : nil
    }

    /// The best adjacent free seats of a tier: in the first row where they leave no single seat, among the first 16
    /// rows with room; if there is none, in the first row with room.
    func best(_ tier: UUIDBytes, _ count: Int) -> [Int]? {
        var places: [(seat: Int, leavesSingleSeat: Bool)] = []
        for (index, row) in rows.enumerated() where row.tier == tier && places.count < 16 {
            guard let best = row.best(count) else { continue }
            places.append((index * ModelRow.limit + best.first, best.leavesSingleSeat))
            if !best.leavesSingleSeat { break }
        }
        guard let place = places.first(where: { !$0.leavesSingleSeat }) ?? places.first else { return nil }
        return Array(place.seat..<place.seat + count)
    }

    /// The first difference between seats and counters; nil if there is none.
    var seatFault: String? {
        for tier in tiers where tier.kind == .seated {
            let seats = rows.filter { $0.tier == tier.id }.flatMap(\.seats)
            for place in [ModelPlace.available, .held, .sold, .blocked] {
                let count = seats.count { $0 == place }
                if count != tier[keyPath: place.count] { return "\(count) seats of tier \(tier.id) are \(place)" }
            }
        }
        return nil
    }
}
