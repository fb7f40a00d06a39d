import BoxOffice

/// The part of a line to release.
struct ModelPart {
    let tier: UUIDBytes
    /// nil for the whole line, or for the seats.
    let quantity: Int?
    let seats: [Int]

    /// The quantity and seats of a line to release; nil if the line does not have them.
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
    /// Refunds the money for a part; cancelling the last line cancels the booking.
    mutating func cancelItems(
        _ move: ModelMove, _ operation: ModelOperation, _ booking: ModelBooking, _ event: Int, _ part: ModelPart,
        _ reason: String
    ) -> ModelAnswer {
        guard booking.status == .reserved || booking.status == .confirmed else {
            return ModelAnswer("INVALID", reply(booking, event))
        }
        if let refusal = cancellationRefusal(move, booking, event) { return refusal }
        guard let index = booking.items.firstIndex(where: { $0.tier == part.tier }),
            let gone = part.of(booking.items[index])
        else { return ModelAnswer("LINE", reply(booking, event)) }
        var booking = booking
        let isPaid = booking.payment?.status == .succeeded
        booking.keepFirstAnswer()
        if booking.items.count == 1, gone.quantity == booking.items[0].quantity {
            release(booking, event)
            if isPaid { booking.payment?.oweAll() }
            booking.status = .cancelled
            booking.deadline = 0
            booking.reason = reason
            return end("OK", booking, move, operation, event)
        }
        events[event].count(booking, -1)
        events[event].move(
            part.tier, gone.quantity, gone.seats, from: booking.status == .confirmed ? .sold : .held, to: .available)
        if isPaid { booking.payment?.owe(gone.quantity * booking.items[index].price) }
        booking.items[index].quantity -= gone.quantity
        booking.items[index].seats.removeAll { gone.seats.contains($0) }
        if booking.items[index].quantity == 0 { booking.items.remove(at: index) }
        events[event].count(booking, 1)
        return end("OK", booking, move, operation, event)
    }
}
