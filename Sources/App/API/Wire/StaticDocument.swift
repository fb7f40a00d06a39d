import HTTP

/// A document that does not change while the process lives.
struct StaticDocument: Sendable {
    let body: [UInt8]
    let headers: [(name: String, value: String)]
    let tag: EntityTag

    init(_ body: [UInt8], _ type: String, _ headers: [(name: String, value: String)] = []) {
        self.body = body
        tag = EntityTag(of: body)
        self.headers = [(name: "Content-Type", value: type)] + headers
    }

    func answer(_ request: HTTPRequest) -> HTTPResponse {
        var response = tag.answer(request, body)
        response.headers.removeAll { $0.name == "Content-Type" }
        // The headers of a 304 replace those that the browser has cached, its policy included (RFC 9111, section
        // 4.3.4).
        let about: Set = ["Content-Type", "Content-Encoding"]
        response.headers += response.status == 200 ? headers : headers.filter { !about.contains($0.name) }
        return response
    }
}
