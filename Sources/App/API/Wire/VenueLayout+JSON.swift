package import BoxOffice
import JSON

extension VenueLayout {
    /// The layout's sections as JSON, in the form of `POST /v1/venues`.
    package var json: [UInt8] {
        var json = JSONWriter(capacity: 16 * seatCount)
        json.beginArray()
        for section in sections {
            json.beginObject()
            json.member("name", section.name)
            json.key("rows")
            json.beginArray()
            for row in section.rows {
                json.beginObject()
                json.member("name", row.name)
                json.key("seats")
                json.beginArray()
                for seat in row.seats { json.string(seat) }
                json.endArray()
                json.endObject()
            }
            json.endArray()
            json.endObject()
        }
        json.endArray()
        return json.bytes
    }
}
