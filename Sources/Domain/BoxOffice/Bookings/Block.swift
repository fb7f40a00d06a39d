/// Units or seats of one tier that are off sale.
package struct Block: Hashable, Sendable {
    package let id: BlockID
    package let tier: TierID
    /// Units, at least 1.
    package let quantity: Int
    /// The seats; empty for general admission.
    package let seats: [SeatPosition]

    package init(id: BlockID, tier: TierID, quantity: Int, seats: [SeatPosition]) {
        self.id = id
        self.tier = tier
        self.quantity = quantity
        self.seats = seats
    }

    /// Parses `tier,quantity,seat+seat`; `nil` if it is malformed.
    package init?(id: BlockID, text: String) {
        var reader = FieldReader(text, separator: ",")
        guard let tier = reader.next().flatMap(UUIDBytes.init(utf8:)).map(TierID.init),
            let quantity = reader.integer(Int.self),
            quantity >= 1, let seats = reader.next().flatMap(SeatPosition.list), reader.isAtEnd
        else { return nil }
        self.init(id: id, tier: tier, quantity: quantity, seats: seats)
    }

    /// `tier,quantity,seat+seat`, as `lua/lib/blocks.lua` writes it.
    package var text: String { "\(tier),\(quantity),\(SeatPosition.text(seats))" }
}
