import HTTP
import JSON

/// Answers a drop-in route: like `answer`, with errors in the form that clients of older services expect.
func answerDropIn(
    _ body: nonisolated(nonsending) () async throws -> HTTPResponse
) async -> HTTPResponse {
    do {
        return try await body()
    } catch {
        return Problem(of: error).dropInResponse()
    }
}

extension Problem {
    /// `{"statusCode", "message", "error"}`.
    func dropInResponse() -> HTTPResponse {
        var json = JSONWriter()
        json.beginObject()
        json.member("statusCode", Int64(status))
        json.member("message", detail)
        json.member("error", Self.reasons[status] ?? "Error")
        json.endObject()
        return HTTPResponse(status: status, headers: [("Content-Type", "application/json")] + headers, body: json.bytes)
    }

    /// The reason phrases that such clients compare `error` with (RFC 9110, section 15).
    private static let reasons = [
        400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found",
        409: "Conflict", 415: "Unsupported Media Type", 422: "Unprocessable Entity", 429: "Too Many Requests",
        500: "Internal Server Error", 503: "Service Unavailable",
    ]
}
