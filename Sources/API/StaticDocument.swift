import HTTPServer

/// Something that never changes while the process lives.
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
        guard response.status == 200 else { return response }
        response.headers.removeAll { $0.name == "Content-Type" }
        response.headers += headers
        return response
    }
}
