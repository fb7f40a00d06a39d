/// What is asked of somebody else's server.
public struct WebRequest: Sendable {
    /// The address: `http` or `https`.
    public var url: String
    /// Sent by POST as JSON; a GET without.
    public var body: [UInt8]?
    /// Further headers.
    public var headers: [(name: String, value: String)]
    /// For the whole exchange, from the call on: name lookup, connecting and waiting for a connection included.
    public var timeout: Duration

    /// A request.
    public init(
        url: String, body: [UInt8]? = nil, headers: [(name: String, value: String)] = [], timeout: Duration
    ) {
        self.url = url
        self.body = body
        self.headers = headers
        self.timeout = timeout
    }
}

/// A whole answer.
public struct WebAnswer: Sendable, Equatable {
    /// The status code.
    public let status: Int
    /// The body.
    public let body: [UInt8]
}
