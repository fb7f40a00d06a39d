import BoxOffice

extension CommandGenerator {
    /// Mostly of a suitable booking, or a late one, by its owner or the system.
    mutating func move(_ kind: Kind, _ partition: Int, _ event: UUIDBytes) -> ModelMove {
        let (list, isSystem): (KeyPath<ModelEvent, [UUIDBytes: Int]>?, Bool) =
            switch kind {
            case .beginPayment, .extend: (\.holds, false)
            case .confirm, .failPayment: (\.attempts, true)
            case .refunded, .overrule: (nil, true)
            default: (nil, false)
            }
        let booking = booking(partition, event, among: list, isRefund: kind == .refunded)
        let owner = state.bookings[booking]?.user ?? pick(users)
        let isOfSystem = isSystem || chance(20)
        return ModelMove(
            kind: moveKind(kind, booking), booking: booking,
            user: isOfSystem ? "" : chance(95) ? owner : pick(users),
            key: kind == .overrule ? nil : moveKey(partition, percent: 15),
            isPrivileged: (kind == .cancel || kind == .cancelItems) && chance(30))
    }

    private mutating func moveKind(_ kind: Kind, _ booking: UUIDBytes) -> ModelMove.Kind {
        switch kind {
        case .beginPayment: .beginPayment(payment: payment(booking), provider: "sim")
        case .confirm: .confirm(charge(booking))
        case .failPayment:
            .failPayment(
                payment: payment(booking), isFinal: chance(15), reason: "payment-declined",
                transaction: chance(20) ? pick(["x1", "x2"]) : "")
        case .refunded: .refunded(payment: payment(booking), amount: refund(booking))
        case .cancelItems: .cancelItems(part(booking), reason: "cancelled-by-user")
        case .extend: .extend
        case .overrule: .overrule
        default: .cancel(reason: "changed-mind")
        }
    }

    private mutating func charge(_ booking: UUIDBytes) -> ModelCharge {
        let known = state.bookings[booking]
        let transaction = known?.payment?.transaction ?? ""
        let currency = chance(85) ? known?.currency ?? "" : pick(["XXX", "", ""])
        return ModelCharge(
            payment: payment(booking), provider: "sim",
            transaction: transaction.isEmpty || chance(30) ? pick(["x1", "x2", "x,|3"]) : transaction,
            amount: currency.isEmpty && chance(80) ? 0 : (known?.total ?? 1) + (chance(5) ? 1 : 0),
            currency: currency, mayBeUnpaid: chance(40))
    }

    private mutating func refund(_ booking: UUIDBytes) -> Int {
        let most = state.bookings[booking]?.payment?.refund ?? 0
        return chance(70) ? most : number(0...most + 1)
    }

    /// Mostly a part of an existing line.
    private mutating func part(_ booking: UUIDBytes) -> ModelPart {
        let quantity = chance(30) ? nil : number(1...3)
        guard let items = state.bookings[booking]?.items, !items.isEmpty, chance(95) else {
            return ModelPart(tier: Self.nowhere, quantity: quantity, seats: [])
        }
        let item = pick(items)
        var seats = item.seats.shuffled(using: &random).prefix(number(0...2)).map(\.self)
        if chance(5) { seats.append(1000) }
        return ModelPart(tier: item.tier, quantity: item.seats.isEmpty == chance(95) ? quantity : nil, seats: seats)
    }

    private mutating func booking(
        _ partition: Int, _ event: UUIDBytes, among list: KeyPath<ModelEvent, [UUIDBytes: Int]>?, isRefund: Bool
    ) -> UUIDBytes {
        if isRefund, chance(70) {
            let due = state.bookings.values.filter {
                $0.event == event && $0.payment.map { $0.refunded < $0.refund } ?? false
            }
            if let first = due.map(\.id).min() { return first }
        }
        var ids: [UUIDBytes] = []
        if let list, chance(60), let place = state.event(event) {
            ids = state.events[place][keyPath: list].keys.sorted()
        }
        if ids.isEmpty {
            ids = bookingIDs[partition].suffix(chance(80) ? 12 : 1000).map(\.self)
            // Sometimes one of another event.
            let own = chance(97) ? ids.filter { state.bookings[$0].map { $0.event == event } ?? true } : ids
            ids = own.isEmpty ? ids : own
        }
        return ids.isEmpty || chance(1) ? newBooking(partition) : pick(ids)
    }

    /// Mostly the payment of the booking's attempt, if there is one.
    private mutating func payment(_ booking: UUIDBytes) -> UUIDBytes {
        guard let known = state.bookings[booking]?.payment, chance(80) else {
            return UUIDBytes(high: 0x7a, low: UInt64(number(1...2)))
        }
        return known.id
    }
}
