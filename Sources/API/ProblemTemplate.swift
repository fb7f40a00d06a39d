import HTTPServer

/// The answer to an error of which nothing but the instance differs from one time to the next.
struct ProblemTemplate {
    private let status: Int
    /// The body, and where in it the instance stands.
    private let body: [UInt8]
    private let instance: Range<Int>
    private let lines: [UInt8]

    /// - Parameter problem: its headers are sent as they are.
    init(_ problem: Problem) {
        let response = problem.response()
        status = response.status
        let mark = Array("urn:uuid:".utf8)
        let body = response.body
        guard let start = body.indices.first(where: { body[$0...].starts(with: mark) }) else {
            preconditionFailure("a problem has an instance")
        }
        self.body = body
        instance = start + mark.count..<start + mark.count + HTTPResponse.instanceLength
        lines = response.headers.reduce(into: []) { $0 += "\r\n\($1.name): \($1.value)".utf8 }
    }

    /// The answer, with an instance made for this very occurrence.
    func response() -> HTTPResponse {
        var body = body
        body.withUnsafeMutableBytes { bytes in
            HTTPResponse.writeInstance(to: UnsafeMutableRawBufferPointer(rebasing: bytes[instance]))
        }
        var response = HTTPResponse(status: status, body: body)
        response.lines = lines
        return response
    }
}
