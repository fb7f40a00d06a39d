import BoxOffice
import HTTP
import JSON
import SeatInventory

/// The contract's `Booking`.
enum BookingJSON {
    /// A booking as clients see it.
    ///
    /// - Parameters:
    ///   - map: the event's seats, for their names.
    ///   - availability: what the tiers had left right after the claim; only the answer to a claim has it.
    static func write(
        _ id: BookingID, _ image: Booking, _ map: SeatMap?, persisted: Bool, availability: [TierAvailability]?,
        to json: inout JSONWriter
    ) {
        // Written in literal parts for speed: this is the most frequent answer.
        json.beginObject()
        json.part("\"id\":\"")
        json.within { id.uuid.append(to: &$0) }
        json.part("\",\"eventId\":\"")
        json.within { image.event.uuid.append(to: &$0) }
        json.part("\",\"userId\":")
        json.string(image.user.text)
        json.part(",\"status\":")
        json.string(image.status.rawValue)
        json.part(",\"items\":[")
        for item in image.items { write(item, image.event, map, to: &json) }
        json.part("],\"totalAmount\":")
        json.integer(image.totalAmount)
        json.part(",\"currency\":")
        json.string(image.currency)
        json.part(",\"expiresAt\":\"")
        json.within { Timestamp.append(image.expiresAt, to: &$0) }
        if let confirmedAt = image.confirmedAt {
            json.part("\",\"confirmedAt\":\"")
            json.within { Timestamp.append(confirmedAt, to: &$0) }
            json.part("\",\"createdAt\":\"")
        } else {
            json.part("\",\"confirmedAt\":null,\"createdAt\":\"")
        }
        json.within { Timestamp.append(image.createdAt, to: &$0) }
        json.part("\",\"updatedAt\":\"")
        json.within { Timestamp.append(image.updatedAt, to: &$0) }
        json.part("\",\"version\":")
        json.integer(image.version)
        json.part(persisted ? ",\"persisted\":true,\"payment\":" : ",\"persisted\":false,\"payment\":")
        if let payment = image.payment { write(payment, image.currency, to: &json) } else { json.null() }
        json.part(",\"reason\":")
        if let reason = image.reason { json.string(reason) } else { json.null() }
        if let availability { write(availability, to: &json) }
        json.endObject()
    }

    private static func write(
        _ item: BookingItem, _ event: EventID, _ map: SeatMap?, to json: inout JSONWriter
    ) {
        json.beginObject()
        json.part("\"tierId\":\"")
        json.within { item.tier.uuid.append(to: &$0) }
        json.part("\",\"quantity\":")
        json.integer(Int64(item.quantity))
        json.part(",\"unitAmount\":")
        json.integer(item.unitAmount)
        json.part(",\"seats\":[")
        for seat in item.seats {
            let row = map?.contains(seat) == true ? map?.rows[seat.row] : nil
            json.beginObject()
            json.member("id", SeatID(event: event, position: seat).description)
            json.member("section", row?.section)
            json.member("row", row?.name)
            json.member("number", row?.seats[seat.place])
            json.endObject()
        }
        json.endArray()
        json.endObject()
    }

    private static func write(_ payment: BookingPayment, _ currency: String, to json: inout JSONWriter) {
        json.part("{\"id\":\"")
        json.within { payment.id.uuid.append(to: &$0) }
        json.part("\",\"provider\":")
        json.string(payment.provider)
        json.part(",\"transactionId\":")
        if let transactionID = payment.transactionID { json.string(transactionID) } else { json.null() }
        json.part(",\"status\":")
        json.string(payment.status.rawValue)
        json.part(",\"amount\":")
        json.integer(payment.amount)
        json.part(",\"currency\":")
        json.string(currency)
        json.endObject()
    }

    private static func write(_ availability: [TierAvailability], to json: inout JSONWriter) {
        json.key("availability")
        json.beginArray()
        for tier in availability {
            json.beginObject()
            json.member("tierId") { tier.tier.uuid.append(to: &$0) }
            json.member("available", Int64(tier.available))
            json.endObject()
        }
        json.endArray()
    }
}
