/// Limits for everything that a client can make grow or last.
package struct HTTPLimits: Sendable {
    /// Request line and headers together; the limit of common proxies.
    package var headBytes = 16 * 1024
    /// Headers of one request.
    package var headers = 100
    /// Body of one request, decoded, unless its route allows more. Chunked framing may cost as many bytes in addition.
    package var bodyBytes = 64 * 1024
    /// Total bytes of requests that are still arriving, per process; beyond it, the connection that holds the most is
    /// ended. Enough for 1,000 bodies at once; including unused array capacity, well below the memory that a replica is
    /// given.
    package var arrivingBytes = 64 * 1024 * 1024
    /// The same limit per address: the longest body that a route takes (4 MiB), its head, and some small requests.
    package var addressArrivingBytes = 4 * 1024 * 1024 + 256 * 1024
    /// Total bytes of unread responses, per process; beyond it, the connection with the most is closed.
    package var allUnsentBytes = 64 * 1024 * 1024
    /// Connections per address, over all loops; `nil` for no limit. Trusted proxies are exempt.
    package var addressConnections: Int?
    /// Streamed responses per client address, over all loops; `nil` for no limit.
    package var addressStreams: Int?
    /// From a request's first byte (or the connection's start) to the end of its headers, however slowly they arrive.
    package var headTime = Duration.seconds(5)
    /// From the end of the headers to the end of the body.
    package var bodyTime = Duration.seconds(10)
    /// How long a connection may be idle between two requests; longer than the 60 s of common proxies.
    package var idleTime = Duration.seconds(75)
    /// How long a response byte may wait for the client to read it.
    package var writeTime = Duration.seconds(30)
    /// How long input after the last response is read and discarded, so that the client can read that response.
    package var lingerTime = Duration.seconds(2)
    /// How long a connection over its address's limit may take to send the request that is then refused.
    package var turnedAwayTime = Duration.seconds(1)
    /// How long an idle connection may still send a request while the server drains: closing at once would lose a
    /// request that a proxy is just sending. The response closes the connection.
    package var drainIdleTime = Duration.milliseconds(500)
    /// Connections per server; more are closed at once.
    package var connections = 20_000
    /// Unread response bytes beyond which no further request of the connection is served.
    package var unsentBytes = 256 * 1024

    /// Forces all requests through the line reader and http_parser, as for requests that are not plain; a test compares
    /// both.
    package var readsByLine = false

    package init() {}

    /// How many bytes are read ahead while a request is served: one whole request.
    var readAheadBytes: Int { headBytes + bodyBytes }
}
