import Booking

/// What of a line is given back.
struct ModelPart {
    let tier: String
    /// nil for all of the line, or the seats.
    let quantity: Int?
    let seats: [Int]

    /// How many units of a line, and which seats of it; nil when the line has not so much.
    fileprivate func of(_ item: ModelBooking.Item) -> (quantity: Int, seats: [Int])? {
        if item.seats.isEmpty {
            let wanted = quantity ?? item.quantity
            return seats.isEmpty && (1...item.quantity).contains(wanted) ? (wanted, []) : nil
        }
        let wanted = seats.isEmpty ? item.seats : seats.sorted()
        return quantity == nil && Set(wanted).isSubset(of: item.seats) ? (wanted.count, wanted) : nil
    }
}

extension ModelInventory {
    /// `cancel_items`: the money that was taken for a part goes back; the last line's end is the booking's.
    mutating func cancelItems(_ move: ModelMove, _ part: ModelPart) -> [ModelReply] {
        let start = begin(move)
        guard case .booking(var booking, let event) = start else { return start.refusal }
        guard booking.status == .reserved || booking.status == .confirmed else {
            return [.text("INVALID"), .text(booking.image)]
        }
        if let refusal = cancellationRefusal(move, booking, event) { return refusal }
        guard let index = booking.items.firstIndex(where: { $0.tier == part.tier }),
            let gone = part.of(booking.items[index])
        else { return [.text("LINE"), .text(booking.image)] }
        let isPaid = booking.payment?.status == .succeeded
        if booking.items.count == 1, gone.quantity == booking.items[0].quantity {
            release(booking, event)
            if isPaid { booking.payment?.oweAll() }
            booking.status = .cancelled
            booking.deadline = 0
            booking.reason = "cancelled-by-user"
            return end(move, booking, event, "OK")
        }
        events[event].count(booking, -1)
        events[event].move(
            part.tier, gone.quantity, gone.seats, from: booking.status == .confirmed ? .sold : .held, to: .available)
        if isPaid { booking.payment?.owe(gone.quantity * booking.items[index].price) }
        booking.items[index].quantity -= gone.quantity
        booking.items[index].seats.removeAll { gone.seats.contains($0) }
        if booking.items[index].quantity == 0 { booking.items.remove(at: index) }
        events[event].count(booking, 1)
        return end(move, booking, event, "OK")
    }
}
