/// Names one block of an event.
public struct BlockID: Hashable, Sendable, CustomStringConvertible {
    /// Its bytes.
    public let uuid: UUIDBytes
    /// Names the block with these bytes.
    public init(_ uuid: UUIDBytes) { self.uuid = uuid }
    /// Reads the text form; `nil` when it is no UUID.
    public init?(_ text: some StringProtocol) {
        guard let uuid = UUIDBytes(text) else { return nil }
        self.uuid = uuid
    }
    /// The text form.
    public var description: String { uuid.description }
}

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
    public init?(id: BlockID, text: some StringProtocol) {
        let part = text.split(separator: ",", omittingEmptySubsequences: false)
        guard part.count == 3, let tier = TierID(part[0]), let quantity = Int(part[1]), quantity >= 1,
            let seats = SeatPosition.list(part[2])
        else { return nil }
        self.init(id: id, tier: tier, quantity: quantity, seats: seats)
    }

    /// `tier,quantity,seat+seat`, as `lua/block.lua` writes it.
    public var text: String { "\(tier),\(quantity),\(SeatPosition.text(seats))" }
}
