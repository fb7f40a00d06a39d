import Booking
import Inventory

/// The body of a claim as nearly all clients send it, read where it lies:
/// `{"eventId":"UUID","items":[{"tierId":"UUID","quantity":N},…]}`, members in any order, blanks between them. Whatever else a
/// body says, right or wrong, is left to `ClaimBody`, which knows all of the contract and says what is wrong.
struct QuickClaim {
    /// Units of one tier.
    struct Item {
        let tier: TierID
        let quantity: Int
    }

    let event: EventID
    /// The first of what is asked for: there is hardly ever more.
    let first: Item
    /// What else is asked for.
    let others: [Item]

    /// Reads it; `nil` when it is to be read by `ClaimBody`.
    init?(_ bytes: ArraySlice<UInt8>) {
        let found = bytes.withUnsafeBufferPointer { bytes in
            var reader = Reader(bytes)
            return reader.claim()
        }
        guard let found else { return nil }
        self = found
    }

    private init(event: EventID, first: Item, others: [Item]) {
        (self.event, self.first, self.others) = (event, first, others)
    }

    /// What is asked for, as a claim has it.
    var items: [ClaimItem] { [.units(first.tier, first.quantity)] + others.map { .units($0.tier, $0.quantity) } }

    private struct Reader {
        /// Items of one claim.
        private static let itemLimit = 20
        /// Units of one item.
        private static let quantityLimit = 1000

        private let text: UnsafeBufferPointer<UInt8>
        private var at = 0

        init(_ text: UnsafeBufferPointer<UInt8>) { self.text = text }

        private mutating func skipBlanks() {
            while at < text.count, text[at] == 32 || text[at] == 10 || text[at] == 13 || text[at] == 9 { at &+= 1 }
        }

        private mutating func take(_ byte: Unicode.Scalar) -> Bool {
            skipBlanks()
            guard at < text.count, text[at] == UInt8(ascii: byte) else { return false }
            at &+= 1
            return true
        }

        /// A member's name and its colon.
        private mutating func take(name: StaticString) -> Bool {
            let count = name.utf8CodeUnitCount
            guard at + count + 2 <= text.count, text[at] == UInt8(ascii: "\""),
                text[at + count + 1] == UInt8(ascii: "\"")
            else { return false }
            for index in 0..<count { guard text[at + 1 + index] == name.utf8Start[index] else { return false } }
            at += count + 2
            return take(":")
        }

        private mutating func uuid() -> UUIDBytes? {
            skipBlanks()
            guard at + 38 <= text.count, text[at] == UInt8(ascii: "\""), text[at + 37] == UInt8(ascii: "\""),
                let uuid = UUIDBytes(utf8: UnsafeBufferPointer(rebasing: text[(at + 1)..<(at + 37)]).span)
            else { return nil }
            at += 38
            return uuid
        }

        /// 1 to 1,000, in plain digits.
        private mutating func quantity() -> Int? {
            skipBlanks()
            let start = at
            var value = 0
            while at < text.count, at - start < 4, text[at] &- 48 < 10 {
                value = value * 10 + Int(text[at] &- 48)
                at &+= 1
            }
            guard at > start, text[start] != UInt8(ascii: "0"), value <= Self.quantityLimit, at < text.count else {
                return nil
            }
            // What goes on behind the digits is another kind of number, or none.
            switch text[at] {
            case 32, 10, 13, 9, UInt8(ascii: ","), UInt8(ascii: "}"): return value
            default: return nil
            }
        }

        mutating func claim() -> QuickClaim? {
            guard take("{") else { return nil }
            var event: EventID?
            var items: (first: Item, others: [Item])?
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
            skipBlanks()
            return at == text.count ? QuickClaim(event: event, first: items.first, others: items.others) : nil
        }

        private mutating func list() -> (first: Item, others: [Item])? {
            guard take("["), let first = item() else { return nil }
            var others: [Item] = []
            while take(",") {
                guard others.count + 1 < Self.itemLimit, let other = item() else { return nil }
                others.append(other)
            }
            return take("]") ? (first, others) : nil
        }

        private mutating func item() -> Item? {
            guard take("{") else { return nil }
            var tier: TierID?
            var number: Int?
            repeat {
                skipBlanks()
                if tier == nil, take(name: "tierId") {
                    guard let id = uuid() else { return nil }
                    tier = TierID(id)
                } else if number == nil, take(name: "quantity") {
                    guard let value = quantity() else { return nil }
                    number = value
                } else {
                    return nil
                }
            } while take(",")
            guard take("}"), let tier, let number else { return nil }
            return Item(tier: tier, quantity: number)
        }
    }
}

extension QuickClaim {
    /// Appends the body in its one spelling, byte for byte as `RequestBody.canonical` has it.
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
