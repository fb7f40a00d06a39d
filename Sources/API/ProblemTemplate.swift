import HTTPServer

/// The answer to an error of which nothing but the instance differs from one time to the next.
struct ProblemTemplate {
    private let answer: HTTPResponse

    /// - Parameter problem: its headers are sent as they are.
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

    /// The answer; its instance is made when it is written, for this very occurrence.
    func response() -> HTTPResponse { answer }
}
