/// A request to an external server.
package struct WebRequest: Sendable {
    /// The address: `http` or `https`.
    package var url: String
    /// The body of a POST, as JSON; without a body the request is a GET.
    package var body: [UInt8]?
    /// Further headers.
    package var headers: [(name: String, value: String)]
    /// For the whole exchange from the call on, including name lookup, connecting and waiting for a free connection.
    package var timeout: Duration

    package init(
        url: String, body: [UInt8]? = nil, headers: [(name: String, value: String)] = [], timeout: Duration
    ) {
        self.url = url
        self.body = body
        self.headers = headers
        self.timeout = timeout
    }
}

/// A complete response.
package struct WebAnswer: Sendable, Equatable {
    package let status: Int
    package let body: [UInt8]
}
