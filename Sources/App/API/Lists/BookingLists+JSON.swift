import BoxOffice
import HTTP
import JSON

extension BookingLists {
    /// For answers without a `complete` member: whether they have everything that was answered before the request.
    static let completenessHeader = "X-Complete"

    /// `{"data": […], "nextCursor", "complete"}`.
    func json(_ page: Page) async -> HTTPResponse {
        var json = JSONWriter(capacity: 4096)
        json.beginObject()
        json.key("data")
        await write(page, to: &json)
        json.member("nextCursor", page.next?.description)
        json.member("complete", page.isComplete)
        json.endObject()
        return .json(200, json.bytes)
    }

    /// The bookings without the envelope, for clients of older services.
    func array(_ page: Page) async -> HTTPResponse {
        var json = JSONWriter(capacity: 4096)
        await write(page, to: &json)
        var response = HTTPResponse.json(200, json.bytes)
        response.headers.append((Self.completenessHeader, page.isComplete ? "true" : "false"))
        return response
    }

    private func write(_ page: Page, to json: inout JSONWriter) async {
        json.beginArray()
        for item in page.items {
            await context.write(item.id, item.image, persisted: item.persisted, to: &json)
        }
        json.endArray()
    }
}
