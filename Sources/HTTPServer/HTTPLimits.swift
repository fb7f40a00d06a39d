/// A bound for everything a client can make grow or last.
public struct HTTPLimits: Sendable {
    /// Request line and headers together; what common proxies allow.
    public var headBytes = 16 * 1024
    /// Headers of one request.
    public var headers = 100
    /// Body of one request, decoded.
    public var bodyBytes = 64 * 1024
    /// From a request's first byte (or a connection's beginning) to the end of its headers, however slowly they drip.
    public var headTime = Duration.seconds(5)
    /// From the end of the headers to the end of the body.
    public var bodyTime = Duration.seconds(10)
    /// How long a connection may be quiet between two requests; longer than the 60 s of common proxies.
    public var idleTime = Duration.seconds(75)
    /// How long an answer may take to be read by the client.
    public var writeTime = Duration.seconds(30)
    /// Connections of one server; more are closed at once.
    public var connections = 20_000
    /// Bytes of answers that wait for a slow reader before no further request is served.
    public var unsentBytes = 256 * 1024

    /// The defaults.
    public init() {}
}
