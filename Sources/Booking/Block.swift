/// Units or seats of one tier that are off sale.
public struct Block: Hashable, Sendable {
    /// Its id.
    public let id: BlockID
    /// The tier.
    public let tier: TierID
    /// Units, at least 1.
    public let quantity: Int
    /// The seats; empty for general admission.
    public let seats: [SeatPosition]

    /// A block.
    public init(id: BlockID, tier: TierID, quantity: Int, seats: [SeatPosition]) {
        self.id = id
        self.tier = tier
        self.quantity = quantity
        self.seats = seats
    }

    /// Reads `tier,quantity,seat+seat`; `nil` when it is malformed.
    public init?(id: BlockID, text: String) {
        var reader = FieldReader(text, separator: ",")
        guard let tier = reader.next().flatMap(UUIDBytes.init(utf8:)).map(TierID.init),
            let quantity = reader.integer(Int.self),
            quantity >= 1, let seats = reader.next().flatMap(SeatPosition.list), reader.isAtEnd
        else { return nil }
        self.init(id: id, tier: tier, quantity: quantity, seats: seats)
    }

    /// `tier,quantity,seat+seat`, as `lua/block.lua` writes it.
    public var text: String { "\(tier),\(quantity),\(SeatPosition.text(seats))" }
}
