/// Consecutive fields of fixed widths: the beginning of a binary value in Redis, or all of it.
///
/// Each layout is defined here and in `lua/lib/layout.lua`; a test compares the two, and `docs/redis.md` with both.
struct Layout: Sendable {
    struct Field: Sendable, Hashable {
        enum Kind: Sendable, Hashable {
            /// An unsigned number, big-endian.
            case number
            /// Raw bytes.
            case bytes
        }

        let name: String
        let kind: Kind
        /// In bytes.
        let width: Int
        /// From the layout's beginning.
        let offset: Int
    }

    let name: String
    let fields: [Field]

    init(_ name: String, _ fields: [(name: String, kind: Field.Kind, width: Int)]) {
        self.name = name
        var offset = 0
        self.fields = fields.map { field in
            defer { offset += field.width }
            return Field(name: field.name, kind: field.kind, width: field.width, offset: offset)
        }
    }

    /// Bytes in all.
    var width: Int { fields.reduce(0) { $0 + $1.width } }

    /// The format for `struct.pack` in Redis's Lua.
    var packFormat: String {
        ">" + fields.map { $0.kind == .number ? "I\($0.width)" : "c\($0.width)" }.joined()
    }

    /// The field of this name; `nil` if there is none.
    subscript(name: String) -> Field? { fields.first { $0.name == name } }
}

extension Layout {
    /// The beginning of a booking's record.
    static let bookingHead = Layout(
        "booking head",
        [
            ("mark", .bytes, 1), ("status", .number, 1), ("flags", .number, 1), ("version", .number, 3),
            ("epoch", .number, 4), ("entryMilliseconds", .number, 6), ("entrySequence", .number, 4),
            ("event", .bytes, 16), ("expires", .number, 6), ("deadline", .number, 6), ("attempts", .number, 1),
            ("extensions", .number, 1), ("created", .number, 6), ("updated", .number, 6), ("confirmed", .number, 6),
        ])

    /// The beginning of a booking's line; its seats follow, if it is sold by seat.
    static let bookingLine = Layout(
        "booking line",
        [("kind", .bytes, 1), ("tier", .bytes, 16), ("quantity", .number, 2), ("price", .number, 6)])

    /// The beginning of the payment in a booking's tail; the provider and the transaction follow.
    static let bookingPayment = Layout(
        "booking payment",
        [
            ("payment", .bytes, 16), ("status", .number, 1), ("amount", .number, 6), ("refund", .number, 6),
            ("refunded", .number, 6),
        ])

    /// An event's field `n`.
    static let eventNumbers = Layout(
        "event numbers",
        [
            ("sequence", .number, 6), ("clock", .number, 6), ("next", .number, 6), ("tail", .number, 6),
            ("live", .number, 4), ("keyDay", .number, 3), ("keysBefore", .number, 1),
        ])

    /// A tier, in an event's hash and in outbox entries.
    static let tier = Layout(
        "tier",
        [
            ("capacity", .number, 4), ("available", .number, 4), ("held", .number, 4), ("sold", .number, 4),
            ("blocked", .number, 4), ("price", .number, 6), ("kind", .bytes, 1),
        ])

    /// The beginning of a block, in its hash; its seats follow.
    static let block = Layout("block", [("tier", .bytes, 16), ("quantity", .number, 4)])

    /// The field `h` of an outbox entry.
    static let entryHead = Layout(
        "entry head",
        [
            ("event", .bytes, 16), ("epoch", .number, 4), ("sequence", .number, 6), ("at", .number, 6),
            ("form", .number, 1),
        ])

    /// The beginning of an element of an event's queue of holds; ids follow.
    static let queueElement = Layout("queue element", [("expires", .number, 6)])

    static let all = [
        bookingHead, bookingLine, bookingPayment, eventNumbers, tier, block, entryHead, queueElement,
    ]
}

/// Widths and offsets in a booking's record that its reader and writer use; those of fixed layouts are in `Layout`.
enum BookingLayout {
    /// The first byte of every record.
    static let mark = UInt8(ascii: "b")
    /// Bytes of the head.
    static let headWidth = 68
    /// Offsets of the epoch, the entry and the event in the head.
    static let (epochOffset, entryOffset, eventOffset) = (6, 10, 20)
    /// A seat: row × 1,024 + place.
    static let seatWidth = 3
    /// A count of units left in a tier.
    static let leftWidth = 4
    /// The kinds of a line: sold by number, sold by seat.
    static let (general, seated) = (UInt8(ascii: "g"), UInt8(ascii: "s"))
}
