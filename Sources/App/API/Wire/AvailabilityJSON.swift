import BoxOffice
import HTTP
import JSON

/// An event's availability, as clients see it.
enum AvailabilityJSON {
    /// The response. Its entity tag depends on the numbers and the sequence only, not on `asOf`.
    static func answer(
        _ request: HTTPRequest, _ event: EventID, sequence: Int64, asOf: Int64, tiers: [TierCounters]
    ) -> HTTPResponse {
        let numbers = array(tiers)
        var json = JSONWriter()
        json.beginObject()
        json.member("eventId", event.description)
        json.member("seq", sequence)
        json.member("asOf", Timestamp.format(asOf))
        json.key("tiers")
        json.raw(numbers)
        json.endObject()
        return EntityTag(of: numbers + Array(String(sequence).utf8)).answer(request, json.bytes, isWeak: true)
    }

    /// The tiers in the order of `tiers`, which is that of their creation.
    static func array(_ tiers: [TierCounters]) -> [UInt8] {
        var json = JSONWriter()
        json.beginArray()
        for tier in tiers {
            json.beginObject()
            json.member("tierId", tier.tier.description)
            json.member("capacity", Int64(tier.capacity))
            json.member("available", Int64(tier.available))
            json.member("held", Int64(tier.held))
            json.member("sold", Int64(tier.sold))
            json.member("blocked", Int64(tier.blocked))
            json.endObject()
        }
        json.endArray()
        return json.bytes
    }
}
