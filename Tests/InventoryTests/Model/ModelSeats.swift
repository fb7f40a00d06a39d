import Booking

/// Where a unit is.
enum ModelPlace: Character {
    case available = "."
    case held = "h"
    case sold = "s"
    case blocked = "b"

    /// As the seat map has it.
    var byte: UInt8 { rawValue.asciiValue ?? 0 }

    /// Where such units are counted.
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
    /// More than a row may have; a seat's number is row times this plus its place.
    static let limit = 1024

    let tier: UUIDBytes
    var seats: [ModelPlace]

    var bytes: [UInt8] { seats.map(\.byte) }

    /// Seats next to each other that are free.
    var longestRun: Int {
        var longest = 0
        var run = 0
        for seat in seats {
            run = seat == .available ? run + 1 : 0
            longest = max(longest, run)
        }
        return longest
    }

    /// Where `count` adjacent free seats begin best, and whether they leave a single free one beside them.
    func best(_ count: Int) -> (first: Int, isLonely: Bool)? {
        let free = seats.map { $0 == .available }
        func isFree(_ place: Int) -> Bool { free.indices.contains(place) && free[place] }
        var best: (first: Int, isLonely: Bool, distance: Int)?
        guard count <= free.count else { return nil }
        for first in 0...free.count - count where free[first..<first + count].allSatisfy({ $0 }) {
            let end = first + count
            let isLonely = isFree(first - 1) && !isFree(first - 2) || isFree(end) && !isFree(end + 1)
            // Twice how far its middle is from that of the row.
            let distance = abs(first + end - free.count)
            let isBetter = best.map { (isLonely ? 1 : 0, distance) < ($0.isLonely ? 1 : 0, $0.distance) } ?? true
            if isBetter { best = (first, isLonely, distance) }
        }
        return best.map { ($0.first, $0.isLonely) }
    }
}

extension ModelEvent {
    /// What a seat is; nil when there is none of this number.
    func place(of seat: Int) -> ModelPlace? {
        let (row, place) = seat.quotientAndRemainder(dividingBy: ModelRow.limit)
        return rows.indices.contains(row) && rows[row].seats.indices.contains(place) ? rows[row].seats[place] : nil
    }

    /// The best adjacent free seats of a tier: in the first row where none is left alone, of the first 16 with room;
    /// if there is none, in the first with room.
    func best(_ tier: UUIDBytes, _ count: Int) -> [Int]? {
        var places: [(seat: Int, isLonely: Bool)] = []
        for (index, row) in rows.enumerated() where row.tier == tier && places.count < 16 {
            guard let best = row.best(count) else { continue }
            places.append((index * ModelRow.limit + best.first, best.isLonely))
            if !best.isLonely { break }
        }
        guard let place = places.first(where: { !$0.isLonely }) ?? places.first else { return nil }
        return Array(place.seat..<place.seat + count)
    }

    /// What is not so between seats and counters; nil when all is well.
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
