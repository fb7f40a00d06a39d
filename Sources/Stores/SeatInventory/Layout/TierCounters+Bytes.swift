import BoxOffice

extension TierCounters {
    /// Width of a tier with its id, in a list.
    private static let listedWidth = 16 + Layout.tier.width

    /// Parses concatenated tiers, each with its id, from the reply of `availability` or an outbox entry; `nil` if one
    /// is malformed.
    static func list(bytes: ArraySlice<UInt8>) -> [TierCounters]? {
        guard bytes.count.isMultiple(of: listedWidth) else { return nil }
        var reader = ByteReader(bytes)
        var list: [TierCounters] = []
        while !reader.isAtEnd {
            guard let tier = TierCounters(tier: TierID(reader.uuid()), &reader) else { return nil }
            list.append(tier)
        }
        return list
    }

    /// Parses a tier from the event's hash; `nil` if it is malformed.
    init?(tier: TierID, bytes: [UInt8]) {
        guard bytes.count == Layout.tier.width else { return nil }
        var reader = ByteReader(bytes[...])
        self.init(tier: tier, &reader)
    }

    private init?(tier: TierID, _ reader: inout ByteReader) {
        let (capacity, available, held) = (reader.integer(4), reader.integer(4), reader.integer(4))
        let (sold, blocked, price) = (reader.integer(4), reader.integer(4), reader.long(6))
        guard let kind = TierKind(code: reader.byte()) else { return nil }
        self.init(
            tier: tier, capacity: capacity, available: available, held: held, sold: sold, blocked: blocked,
            unitAmount: price, kind: kind)
    }

    /// Appends the tier in the form of the event's hash.
    func append(to bytes: inout [UInt8]) {
        for count in [capacity, available, held, sold, blocked] { bytes.append(count, width: 4) }
        bytes.append(unitAmount, width: 6)
        bytes.append(kind.code)
    }
}

extension TierKind {
    /// The code in a stored tier.
    var code: UInt8 { self == .general ? BookingLayout.general : BookingLayout.seated }

    init?(code: UInt8) {
        switch code {
        case BookingLayout.general: self = .general
        case BookingLayout.seated: self = .seated
        default: return nil
        }
    }
}

extension Block {
    /// Parses a block from its hash; `nil` if it is malformed.
    init?(id: BlockID, bytes: [UInt8]) {
        guard bytes.count >= Layout.block.width else { return nil }
        var reader = ByteReader(bytes[...])
        let (tier, quantity) = (TierID(reader.uuid()), reader.integer(4))
        let seats = reader.seats(reader.count / BookingLayout.seatWidth)
        guard reader.isWhole, quantity >= 1 else { return nil }
        self.init(id: id, tier: tier, quantity: quantity, seats: seats)
    }

    /// The block in the form of its hash.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(tier.uuid)
        bytes.append(quantity, width: 4)
        bytes.append(seats)
        return bytes
    }
}

extension UserTotals {
    /// `tickets bookings`, then a space and the ids of those with seats, the form of `lua/lib/totals.lua`.
    var bytes: [UInt8] {
        var bytes = Array("\(tickets) \(bookings)".utf8)
        guard !seated.isEmpty else { return bytes }
        bytes.append(UInt8(ascii: " "))
        for booking in seated { bytes.append(booking.uuid) }
        return bytes
    }
}
