import HTTP

/// A prebuilt response for an error whose occurrences differ only in the instance.
struct ProblemTemplate {
    private let answer: HTTPResponse

    /// - Parameter problem: its headers are sent unchanged.
    init(_ problem: Problem) {
        let response = problem.response()
        let mark = Array("urn:uuid:".utf8)
        let body = response.body
        guard let start = body.indices.first(where: { body[$0...].starts(with: mark) }) else {
            preconditionFailure("a problem has an instance")
        }
        var answer = HTTPResponse(status: response.status, body: body)
        answer.instance = start + mark.count
        answer.lines = response.headers.reduce(into: []) { $0 += "\r\n\($1.name): \($1.value)".utf8 }
        self.answer = answer
    }

    /// The response; its instance is generated when it is written.
    func response() -> HTTPResponse { answer }
}
