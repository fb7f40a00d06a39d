import Booking

/// One request of a group.
struct ModelClaim {
    /// Tiers are places in the group's list of them, from 1.
    enum Item {
        case units(tier: Int, Int)
        case best(tier: Int, Int)
        case seats([Int])
    }

    let booking: String
    let user: String
    let key: ModelKey?
    let answersLater: Bool
    let isAgain: Bool
    let channel: String
    let trace: String
    let items: [Item]
}

/// What a request comes to, its items summed.
struct ModelNeed {
    /// Tiers that are not there or sold the other way, as the group names them, and seats that are not there.
    private(set) var unknown: [Int] = []
    private(set) var mistaken: [Int] = []
    private(set) var unknownSeats: [Int] = []
    /// Tier and quantity, by the order of the tiers.
    private(set) var units: [(tier: Int, quantity: Int)] = []
    private(set) var named: [Int] = []
    private(set) var best: [(tier: Int, quantity: Int)] = []

    var tickets: Int { units.reduce(0) { $0 + $1.quantity } }

    /// - Parameter tiers: the group's list.
    init(_ claim: ModelClaim, _ tiers: [String], _ event: ModelEvent) {
        for item in claim.items {
            switch item {
            case .units(let place, let quantity), .best(let place, let quantity):
                let isBest = if case .best = item { true } else { false }
                guard let tier = event.tier(tiers[place - 1]) else {
                    unknown.append(place)
                    continue
                }
                guard isBest == (event.tiers[tier].kind == .seated) else {
                    mistaken.append(place)
                    continue
                }
                add(tier, quantity)
                if isBest { best.append((tier, quantity)) }
            case .seats(let seats):
                for seat in seats { name(seat, event) }
            }
        }
        // In the order in which the tiers were made.
        units.sort { $0.tier < $1.tier }
    }

    private mutating func name(_ seat: Int, _ event: ModelEvent) {
        guard event.place(of: seat) != nil, let tier = event.tier(event.rows[seat / ModelRow.limit].tier) else {
            unknownSeats.append(seat)
            return
        }
        add(tier, 1)
        named.append(seat)
    }

    private mutating func add(_ tier: Int, _ quantity: Int) {
        if let index = units.firstIndex(where: { $0.tier == tier }) {
            units[index].quantity += quantity
        } else {
            units.append((tier, quantity))
        }
    }

    /// Why no release can ever satisfy it: a tier has nothing left, or the first of those that have too little.
    func hopelessness(_ event: ModelEvent) -> String? {
        let short = units.map { unit in
            let tier = event.tiers[unit.tier]
            return (unit.quantity, tier.available, left: tier.capacity - tier.sold - tier.blocked)
        }.filter { $0.left < $0.0 }
        if short.contains(where: { $0.left <= 0 }) { return "SOLD_OUT" }
        return short.first.map { "NOT_ENOUGH|\($0.0)|\($0.1)|\($0.left)" }
    }

    func fits(_ event: ModelEvent) -> Bool {
        units.allSatisfy { event.tiers[$0.tier].available >= $0.quantity }
    }

    /// The seats it gets in an event; nil, and the word of why, when it gets none.
    func seats(in event: ModelEvent) -> (seats: [Int]?, refusal: String) {
        let gone = named.filter { event.place(of: $0) != .available }
        guard gone.isEmpty else { return (nil, "SEATS_TAKEN|" + gone.map(String.init).joined(separator: ",")) }
        var rows = event
        var taken: [Int] = []
        func take(_ seats: [Int]) {
            for seat in seats { rows.rows[seat / ModelRow.limit].seats[seat % ModelRow.limit] = .held }
            taken += seats
        }
        take(named)
        for (tier, quantity) in best {
            guard let seats = rows.best(event.tiers[tier].id, quantity) else { return (nil, "NO_ADJACENT") }
            take(seats)
        }
        return (taken, "")
    }
}
