import BoxOffice
import SeatInventory

/// The body of a claim as nearly all clients send it, parsed in place:
/// `{"eventId":"UUID","items":[{"tierId":"UUID","quantity":N},…]}`, with members in any order and blanks between them.
/// Any other body, valid or not, is left to `ClaimBody`, which implements the whole contract and reports errors.
struct QuickClaim {
    /// Units of one tier.
    struct Item {
        let tier: TierID
        let quantity: Int
    }

    let event: EventID
    /// The first item; there is rarely another.
    let first: Item
    /// The other items.
    let others: [Item]

    /// Parses a body; `nil` if `ClaimBody` must parse it.
    init?(_ bytes: ArraySlice<UInt8>) {
        let found = bytes.withUnsafeBufferPointer { bytes -> QuickClaim? in
            var usual = QuickReader(bytes)
            if let claim = usual.usualClaim() { return claim }
            var reader = QuickReader(bytes)
            return reader.claim()
        }
        guard let found else { return nil }
        self = found
    }

    fileprivate init(event: EventID, first: Item, others: [Item]) {
        (self.event, self.first, self.others) = (event, first, others)
    }

    /// The items of the claim.
    var items: [ClaimItem] { [.units(first.tier, first.quantity)] + others.map { .units($0.tier, $0.quantity) } }

    /// Most items of one claim.
    fileprivate static let itemLimit = 20
    /// Most units of one item.
    fileprivate static let quantityLimit = 1000
}

extension QuickReader {
    /// A claim of units of one tier as usual JSON writers produce it: members in the documented order, without blanks.
    fileprivate mutating func usualClaim() -> QuickClaim? {
        guard take(exactly: "{\"eventId\":"), let event = uuid(), take(exactly: ",\"items\":[{\"tierId\":"),
            let tier = uuid(), take(exactly: ",\"quantity\":"), let quantity = number(1...QuickClaim.quantityLimit),
            take(exactly: "}]}"), isAtEnd
        else { return nil }
        return QuickClaim(
            event: EventID(event), first: QuickClaim.Item(tier: TierID(tier), quantity: quantity), others: [])
    }

    fileprivate mutating func claim() -> QuickClaim? {
        guard take("{") else { return nil }
        var event: EventID?
        var items: (first: QuickClaim.Item, others: [QuickClaim.Item])?
        repeat {
            skipBlanks()
            if event == nil, take(name: "eventId") {
                guard let id = uuid() else { return nil }
                event = EventID(id)
            } else if items == nil, take(name: "items") {
                guard let list = list() else { return nil }
                items = list
            } else {
                return nil
            }
        } while take(",")
        guard take("}"), let event, let items else { return nil }
        return isAtEnd ? QuickClaim(event: event, first: items.first, others: items.others) : nil
    }

    private mutating func list() -> (first: QuickClaim.Item, others: [QuickClaim.Item])? {
        guard take("["), let first = item() else { return nil }
        var others: [QuickClaim.Item] = []
        while take(",") {
            guard others.count + 1 < QuickClaim.itemLimit, let other = item() else { return nil }
            others.append(other)
        }
        return take("]") ? (first, others) : nil
    }

    private mutating func item() -> QuickClaim.Item? {
        guard take("{") else { return nil }
        var tier: TierID?
        var number: Int?
        repeat {
            skipBlanks()
            if tier == nil, take(name: "tierId") {
                guard let id = uuid() else { return nil }
                tier = TierID(id)
            } else if number == nil, take(name: "quantity") {
                guard let value = self.number(1...QuickClaim.quantityLimit) else { return nil }
                number = value
            } else {
                return nil
            }
        } while take(",")
        guard take("}"), let tier, let number else { return nil }
        return QuickClaim.Item(tier: tier, quantity: number)
    }
}

extension QuickClaim {
    /// Appends the body in canonical form, byte for byte as `RequestBody.canonical` writes it.
    func appendCanonical(to bytes: inout [UInt8]) {
        bytes.reserveCapacity(bytes.count + 96 * (1 + others.count))
        bytes.append(contentsOf: "{\"items\":[".utf8)
        append(first, to: &bytes)
        for item in others {
            bytes.append(UInt8(ascii: ","))
            append(item, to: &bytes)
        }
        bytes.append(contentsOf: "]}".utf8)
    }

    private func append(_ item: Item, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: "{\"quantity\":".utf8)
        bytes.append(contentsOf: String(item.quantity).utf8)
        bytes.append(contentsOf: ",\"tierId\":\"".utf8)
        item.tier.uuid.append(to: &bytes)
        bytes.append(contentsOf: "\"}".utf8)
    }
}
