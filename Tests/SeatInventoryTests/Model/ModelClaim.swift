import BoxOffice

/// A claim in a group.
struct ModelClaim {
    enum Item {
        case units(tier: UUIDBytes, Int)
        case best(tier: UUIDBytes, Int)
        case seats([Int])
    }

    let booking: UUIDBytes
    let user: String
    let key: ModelKey?
    /// Whether the key's answer comes later, with the payment.
    let isOneShot: Bool
    let isAgain: Bool
    let items: [Item]
}

/// The needs of a claim, summed over its items.
struct ModelNeed {
    /// Tiers that do not exist or are sold the other way, in the claim's order, and seats that do not exist.
    private(set) var unknown: [UUIDBytes] = []
    private(set) var mistaken: [UUIDBytes] = []
    private(set) var unknownSeats: [Int] = []
    /// Tier and quantity, in the order of the tiers.
    private(set) var units: [(tier: Int, quantity: Int)] = []
    private(set) var named: [Int] = []
    private(set) var best: [(tier: Int, quantity: Int)] = []

    var tickets: Int { units.reduce(0) { $0 + $1.quantity } }

    init(_ claim: ModelClaim, _ event: ModelEvent) {
        for item in claim.items {
            switch item {
            case .units(let name, let quantity), .best(let name, let quantity):
                let isBest = if case .best = item { true } else { false }
                guard let tier = event.tier(name) else {
                    unknown.append(name)
                    continue
                }
                guard isBest == (event.tiers[tier].kind == .seated) else {
                    mistaken.append(name)
                    continue
                }
                add(tier, quantity)
                if isBest { best.append((tier, quantity)) }
            case .seats(let seats):
                for seat in seats { name(seat, event) }
            }
        }
        // In the order in which the tiers were created.
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

    /// The refusal of a claim that no release can satisfy: a tier has nothing left, or the first tier with too little.
    func permanentRefusal(_ event: ModelEvent) -> ModelAnswer? {
        let short = units.map { unit in
            let tier = event.tiers[unit.tier]
            return (unit.quantity, tier.available, left: tier.capacity - tier.sold - tier.blocked)
        }.filter { $0.left < $0.0 }
        if short.contains(where: { $0.left <= 0 }) { return ModelAnswer("SOLD_OUT") }
        return short.first.map { ModelAnswer("NOT_ENOUGH", .text("\($0.0)|\($0.1)|\($0.left)")) }
    }

    func fits(_ event: ModelEvent) -> Bool {
        units.allSatisfy { event.tiers[$0.tier].available >= $0.quantity }
    }

    /// The seats that the claim gets in an event, or its refusal.
    func seats(in event: ModelEvent) -> (seats: [Int]?, refusal: ModelAnswer) {
        let gone = named.filter { event.place(of: $0) != .available }
        guard gone.isEmpty else { return (nil, ModelAnswer("SEATS_TAKEN", .seats(gone))) }
        var rows = event
        var taken: [Int] = []
        func take(_ seats: [Int]) {
            for seat in seats { rows.rows[seat / ModelRow.limit].seats[seat % ModelRow.limit] = .held }
            taken += seats
        }
        take(named)
        for (tier, quantity) in best {
            guard let seats = rows.best(event.tiers[tier].id, quantity) else {
                return (nil, ModelAnswer("NO_ADJACENT"))
            }
            take(seats)
        }
        return (taken, ModelAnswer(""))
    }
}
