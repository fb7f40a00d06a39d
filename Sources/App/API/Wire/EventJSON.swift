import BoxOffice
import HTTP
import JSON
import Records
import SeatInventory

/// The contract's `Event`.
enum EventJSON {
    static func bytes(_ event: EventRecord, _ live: Availability?) -> [UInt8] {
        var json = JSONWriter(capacity: 1024)
        write(event, live, to: &json)
        return json.bytes
    }

    /// - Parameter live: the numbers in Redis; without it PostgreSQL's are used.
    static func write(_ event: EventRecord, _ live: Availability?, to json: inout JSONWriter) {
        json.beginObject()
        json.member("id", event.id.description)
        json.member("number", event.number)
        json.member("title", event.title)
        json.member("description", event.description)
        json.member("venue", event.venue)
        json.member("startsAt", Timestamp.format(event.startsAt))
        json.member("salesOpenAt", event.salesOpenAt.map(Timestamp.format))
        json.member("salesCloseAt", event.salesClose.time(startsAt: event.startsAt).map(Timestamp.format))
        json.member("cancelUntil", event.cancelUntil.time(startsAt: event.startsAt).map(Timestamp.format))
        json.member("timeZone", event.timeZone.description)
        json.member("status", event.status)
        json.member("currency", event.currency)
        json.member("holdSeconds", event.holdSeconds)
        json.member("maxTicketsPerUser", event.maxTicketsPerUser)
        json.member("maxBookingsPerUser", event.maxBookingsPerUser)
        json.key("tiers")
        json.beginArray()
        var remaining = 0
        for tier in event.tiers {
            // A recent change may not be persisted yet.
            let now = live?.tiers.first { $0.tier == tier.id }
            let available = now?.available ?? tier.capacity - tier.held - tier.sold - tier.blocked
            var tier = tier
            tier.capacity = now?.capacity ?? tier.capacity
            tier.unitAmount = now?.unitAmount ?? tier.unitAmount
            remaining += available
            write(tier, event.currency, available, to: &json)
        }
        json.endArray()
        json.member("remainingTickets", Int64(remaining))
        json.member("version", event.version)
        json.member("createdAt", Timestamp.format(event.createdAt))
        json.member("updatedAt", Timestamp.format(event.updatedAt))
        json.endObject()
    }

    private static func write(
        _ tier: TierRecord, _ currency: String, _ available: Int, to json: inout JSONWriter
    ) {
        json.beginObject()
        json.member("id", tier.id.description)
        json.member("name", tier.name)
        json.member("kind", tier.kind)
        json.member("unitAmount", tier.unitAmount)
        json.member("currency", currency)
        json.member("capacity", Int64(tier.capacity))
        json.member("available", Int64(available))
        json.endObject()
    }
}
