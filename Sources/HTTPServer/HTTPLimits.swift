/// A bound for everything a client can make grow or last.
public struct HTTPLimits: Sendable {
    /// Request line and headers together; what common proxies allow.
    public var headBytes = 16 * 1024
    /// Headers of one request.
    public var headers = 100
    /// Body of one request, decoded, unless its route allows more; also the bound for what chunked framing may cost
    /// beside it.
    public var bodyBytes = 64 * 1024
    /// Requests that are still arriving, of a process together; beyond it, whoever holds most is ended. Enough for 1,000
    /// bodies at once; with what arrays leave free, well below the memory that a copy is given.
    public var arrivingBytes = 64 * 1024 * 1024
    /// The same of one address: the longest body that a route takes (4 MiB), its head, and some small requests beside it.
    public var addressArrivingBytes = 4 * 1024 * 1024 + 256 * 1024
    /// Answers that their readers leave waiting, of a process together; beyond it, whoever leaves most is cut.
    public var allUnsentBytes = 64 * 1024 * 1024
    /// Connections of one address, over all loops; `nil` for any number. Trusted proxies are exempt.
    public var addressConnections: Int?
    /// Streamed answers of one client's address, over all loops; `nil` for any number.
    public var addressStreams: Int?
    /// From a request's first byte (or a connection's beginning) to the end of its headers, however slowly they drip.
    public var headTime = Duration.seconds(5)
    /// From the end of the headers to the end of the body.
    public var bodyTime = Duration.seconds(10)
    /// How long a connection may be quiet between two requests; longer than the 60 s of common proxies.
    public var idleTime = Duration.seconds(75)
    /// How long a byte of an answer may wait for the client to read it.
    public var writeTime = Duration.seconds(30)
    /// How long what a client still sends after its last answer is thrown away, so that it gets to read that answer.
    public var lingerTime = Duration.seconds(2)
    /// How long a connection beyond those that its address may have is given to send the request that is refused.
    public var turnedAwayTime = Duration.seconds(1)
    /// How long a connection may still send its next request once the server drains: closed at once, it would lose one
    /// that a proxy sends at that moment. The answer closes it.
    public var drainIdleTime = Duration.milliseconds(500)
    /// Connections of one server; more are closed at once.
    public var connections = 20_000
    /// Bytes of answers that wait for a slow reader before no further request is served.
    public var unsentBytes = 256 * 1024

    /// Whether every request is read line by line and past http_parser, as those are that are not plain; a test compares both.
    public var readsByLine = false

    /// The defaults.
    public init() {}

    /// What is read ahead of the request being served: one more, whole.
    var readAheadBytes: Int { headBytes + bodyBytes }
}
