import EventLoop

/// What a client wants to do.
public enum HTTPMethod: String, Sendable, CaseIterable {
    /// Read.
    case get = "GET"
    /// Read without the body.
    case head = "HEAD"
    /// Act.
    case post = "POST"
    /// Replace.
    case put = "PUT"
    /// Change.
    case patch = "PATCH"
    /// Remove.
    case delete = "DELETE"
    /// Ask what may be done.
    case options = "OPTIONS"

    /// Their names, for `Allow`.
    static let all = allCases.map(\.rawValue).sorted().joined(separator: ", ")
}

/// A request whose framing is beyond doubt.
public struct HTTPRequest: Sendable {
    /// Where a header lies in the head.
    struct Header: Sendable {
        let name: Range<Int>
        let value: Range<Int>
    }

    /// What to do.
    public let method: HTTPMethod
    /// The target's path as it came, percent-encoded.
    public let path: String
    /// What follows `?`, as it came; empty without.
    public let query: String
    /// The body, decoded.
    public let body: [UInt8]
    /// Names the request in answers and logs.
    public let id: String
    /// The address that the connection comes from: the client's, or a proxy's.
    public let peer: String
    /// When it was whole, in monotonic nanoseconds.
    public let arrival: Int64
    /// What the route's `{name}`s stand for, percent-decoded.
    public internal(set) var parameters: [String: String] = [:]
    /// What its path and method lead to; `nil` before a router was asked.
    public internal(set) var match: Router.Match?

    /// The route that it leads to, if there is one.
    public var route: Router.Route? {
        if case .route(let route) = match { route } else { nil }
    }

    /// What was said of its route; of a path without one, what is said of paths that everybody may try.
    public var policy: RoutePolicy { route?.policy ?? .anyone }

    /// What a layer in front of the handler lets it know, or wants to be told by it.
    public var attachment: (any AnyObject & Sendable)?

    private let head: [UInt8]
    private let headers: [Header]
    /// When the peer is one of them.
    private let proxies: TrustedProxies?

    /// - Parameters:
    ///   - target: where path and query lie in `head`.
    ///   - proxies: those that are trusted, when the peer is one of them.
    init(
        method: HTTPMethod, target: Range<Int>, head: [UInt8], headers: [Header], body: [UInt8], peer: String,
        proxies: TrustedProxies? = nil
    ) {
        self.method = method
        path = Self.path(of: head[target], method)
        query = String(decoding: head[target].drop { $0 != UInt8(ascii: "?") }.dropFirst(), as: UTF8.self)
        self.head = head
        self.headers = headers
        self.body = body
        self.peer = peer
        self.proxies = proxies
        arrival = monotonicNanoseconds()
        id = Self.givenID(head, headers) ?? Identifiers.uuid()
    }

    /// What comes before the query; an absolute target may have nothing there (RFC 9112, section 3.2.1).
    static func path(of target: ArraySlice<UInt8>, _ method: HTTPMethod) -> String {
        let path = target.prefix { $0 != UInt8(ascii: "?") }
        if path.isEmpty { return method == .options ? "*" : "/" }
        return String(decoding: path, as: UTF8.self)
    }

    /// The `X-Request-Id` that the client chose, when it is one that can be answered and logged.
    static func givenID(_ head: [UInt8], _ headers: [Header]) -> String? {
        guard let header = find("x-request-id", head, headers), isRequestID(head[header.value]) else { return nil }
        return String(decoding: head[header.value], as: UTF8.self)
    }

    /// The client's address: the peer's, unless that is a trusted proxy which says whose request it brings.
    public var client: String {
        guard let proxies else { return peer }
        let lines = headers.lazy.filter { Self.matches($0, "x-forwarded-for", head) }.map { head[$0.value] }
        return proxies.client(of: lines) ?? peer
    }

    /// Who counts as one where addresses are counted: the client's IPv4 address, or its IPv6 network (/64).
    public var subscriber: String { IPAddress.subscriber(client) }

    /// The subscriber, unless that is a trusted proxy, which brings the requests of many.
    var countedAddress: String? {
        guard let proxies else { return IPAddress.subscriber(peer) }
        let client = client
        return proxies.contains(client) ? nil : IPAddress.subscriber(client)
    }

    /// The first header of this name. Bytes that are no UTF-8 are replaced, so that different values may become one:
    /// what names somebody is read as bytes.
    ///
    /// - Parameter name: in lower case.
    public func header(_ name: StaticString) -> String? {
        headerBytes(name).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The bytes of the first header of this name.
    public func headerBytes(_ name: StaticString) -> ArraySlice<UInt8>? {
        Self.find(name, head, headers).map { head[$0.value] }
    }

    /// Whether there is more than one header of this name.
    ///
    /// - Parameter name: in lower case.
    public func repeats(_ name: StaticString) -> Bool {
        var isThere = false
        for header in headers where Self.matches(header, name, head) {
            if isThere { return true }
            isThere = true
        }
        return false
    }

    /// All headers of this name, repaired as `header` does.
    public func headers(_ name: StaticString) -> [String] {
        headers.filter { Self.matches($0, name, head) }.map { String(decoding: head[$0.value], as: UTF8.self) }
    }

    private static func find(_ name: StaticString, _ head: [UInt8], _ headers: [Header]) -> Header? {
        headers.first { matches($0, name, head) }
    }

    private static func matches(_ header: Header, _ name: StaticString, _ head: [UInt8]) -> Bool {
        header.name.count == name.utf8CodeUnitCount && HTTPCharacters.equal(head[header.name], name)
    }

    /// 1 to 128 of `[A-Za-z0-9._-]`.
    private static func isRequestID(_ bytes: ArraySlice<UInt8>) -> Bool {
        (1...128).contains(bytes.count)
            && bytes.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    /// The query's fields in order, percent-decoded, `+` as a space; `nil` when an escape is malformed.
    public func queryFields() -> [(name: String, value: String)]? {
        var fields: [(name: String, value: String)] = []
        for part in query.split(separator: "&") {
            let equals = part.firstIndex(of: "=")
            let rawName = equals.map { part[..<$0] } ?? part
            let rawValue = equals.map { part[part.index(after: $0)...] } ?? ""
            guard let name = percentDecoded(rawName, plusIsSpace: true),
                let value = percentDecoded(rawValue, plusIsSpace: true)
            else { return nil }
            fields.append((name, value))
        }
        return fields
    }
}

/// Undoes percent-encoding (RFC 3986, section 2.1); `nil` for a malformed escape, NUL or bytes that are no UTF-8.
func percentDecoded(_ text: Substring, plusIsSpace: Bool) -> String? {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
        switch byte {
        case UInt8(ascii: "%"):
            guard let high = rest.popFirst().flatMap(HTTPCharacters.hexadecimalDigit),
                let low = rest.popFirst().flatMap(HTTPCharacters.hexadecimalDigit), high | low != 0
            else { return nil }
            bytes.append(high << 4 | low)
        case UInt8(ascii: "+") where plusIsSpace:
            bytes.append(UInt8(ascii: " "))
        default:
            bytes.append(byte)
        }
    }
    return String(validating: bytes, as: UTF8.self)
}
