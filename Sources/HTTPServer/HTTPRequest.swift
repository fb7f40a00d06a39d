import EventLoop
import Text

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

/// A request whose framing is beyond doubt: its bytes as they came, and where in them everything lies.
public final class HTTPRequest: @unchecked Sendable {
    // SAFETY of @unchecked: what changes is changed on the loop of its connection only.

    /// Where a header lies in the head.
    struct Header: Sendable {
        private let nameStart: UInt32
        private let nameEnd: UInt32
        private let valueStart: UInt32
        private let valueEnd: UInt32

        init(name: Range<Int>, value: Range<Int>) {
            nameStart = UInt32(truncatingIfNeeded: name.lowerBound)
            nameEnd = UInt32(truncatingIfNeeded: name.upperBound)
            valueStart = UInt32(truncatingIfNeeded: value.lowerBound)
            valueEnd = UInt32(truncatingIfNeeded: value.upperBound)
        }

        var name: Range<Int> { Int(nameStart)..<Int(nameEnd) }
        var value: Range<Int> { Int(valueStart)..<Int(valueEnd) }
        var nameLength: Int { Int(nameEnd &- nameStart) }
    }

    /// What a request is called.
    enum Name {
        /// By us: a UUIDv4, as two words.
        case made(high: UInt64, low: UInt64)
        /// By the client.
        case given(String)

        /// Another one of ours.
        static var new: Name {
            let (high, low) = Identifiers.words()
            return .made(high: high, low: low)
        }

        var text: String {
            switch self {
            case .made(let high, let low): HexText(high: high, low: low).uuid
            case .given(let text): text
            }
        }

        func append(to bytes: inout [UInt8]) {
            switch self {
            case .made(let high, let low): HexText(high: high, low: low).appendUUID(to: &bytes)
            case .given(let text): bytes.append(text: text)
            }
        }
    }

    /// What to do.
    public let method: HTTPMethod
    /// The address that the connection comes from: the client's, or a proxy's.
    public let peer: String
    /// When it was whole, in monotonic nanoseconds.
    public let arrival: Int64
    /// What its path and method lead to; `nil` before a router was asked.
    public internal(set) var match: Router.Match? {
        didSet { if case .route(let route) = match { self.route = route } else { route = nil } }
    }
    /// The route that it leads to, if there is one.
    public private(set) var route: Router.Route?
    /// What a layer in front of the handler lets it know, or wants to be told by it.
    public var attachment: (any AnyObject & Sendable)?

    let name: Name
    /// What the path's parameters are, where they had to be decoded.
    var decodedParameters: [String: String]?
    /// Where they lie in `bytes`, in the order of the route's path, where they are taken as they came.
    var parameterRanges: (first: Range<Int>, second: Range<Int>) = (0..<0, 0..<0)

    /// The head, and the body behind it unless that had to be decoded.
    private let bytes: [UInt8]
    /// Path and query.
    private let target: Range<Int>
    private let pathEnd: Int
    private let bodyRange: Range<Int>
    /// The body where it does not lie in `bytes`.
    private let decodedBody: [UInt8]?
    private let headers: [Header]
    /// Bit `n & 63` is set when there is a header whose name has `n` characters: most headers that are asked for are not there.
    private let nameLengths: UInt64
    /// The same when there are two or more: hardly a header is sent twice.
    private let repeatedLengths: UInt64
    /// When the peer is one of them.
    private let proxies: TrustedProxies?

    /// - Parameters:
    ///   - target: where path and query lie in `bytes`.
    ///   - body: where the body lies in `bytes`, unless it was decoded.
    ///   - proxies: those that are trusted, when the peer is one of them.
    init(
        method: HTTPMethod, target: Range<Int>, bytes: [UInt8], headers: [Header], body: Range<Int> = 0..<0,
        decodedBody: [UInt8]? = nil, peer: String, proxies: TrustedProxies? = nil
    ) {
        self.method = method
        self.target = target
        self.bytes = bytes
        self.headers = headers
        bodyRange = body
        self.decodedBody = decodedBody
        self.peer = peer
        self.proxies = proxies
        arrival = monotonicNanoseconds()
        pathEnd = Self.pathEnd(bytes, target)
        var lengths: UInt64 = 0
        var repeated: UInt64 = 0
        for header in headers {
            let length: UInt64 = 1 &<< UInt64(header.nameLength & 63)
            repeated |= lengths & length
            lengths |= length
        }
        nameLengths = lengths
        repeatedLengths = repeated
        // Twelve characters, as `Content-Type` has.
        let given = lengths & 1 << 12 == 0 ? nil : Self.givenID(bytes, headers)
        name = given.map { .given($0) } ?? .new
    }

    private static func pathEnd(_ bytes: [UInt8], _ target: Range<Int>) -> Int {
        unsafe bytes.withUnsafeBufferPointer { bytes in
            var index = target.lowerBound
            while index < target.upperBound, unsafe bytes[index] != UInt8(ascii: "?") { index &+= 1 }
            return index
        }
    }

    // MARK: - What it is about

    /// The target's path as it came, percent-encoded; an absolute target may have none (RFC 9112, section 3.2.1).
    public var path: String {
        if pathRange.isEmpty { return method == .options ? "*" : "/" }
        return String(decoding: bytes[pathRange], as: UTF8.self)
    }

    /// Where the path lies.
    var pathRange: Range<Int> { target.lowerBound..<pathEnd }

    /// What follows `?`, as it came; empty without.
    public var query: String { String(decoding: bytes[pathEnd..<target.upperBound].dropFirst(), as: UTF8.self) }

    /// The body, decoded.
    public var body: [UInt8] { decodedBody ?? Array(bytes[bodyRange]) }

    /// The same, where it lies.
    public var bodyBytes: ArraySlice<UInt8> { decodedBody?[...] ?? bytes[bodyRange] }

    /// Names the request in answers and logs.
    public var id: String { name.text }

    /// The same as two words, where the server chose it.
    public var chosenID: (high: UInt64, low: UInt64)? {
        if case .made(let high, let low) = name { (high, low) } else { nil }
    }

    /// What the route's `{name}`s stand for, percent-decoded.
    public var parameters: [String: String] {
        if let decodedParameters { return decodedParameters }
        var parameters: [String: String] = [:]
        for (index, name) in (route?.parameterNames ?? []).enumerated() {
            parameters[name] = String(decoding: parameter(index), as: UTF8.self)
        }
        return parameters
    }

    /// What the route's first or second `{name}` stands for, as it came; empty when it had to be decoded.
    public func parameter(_ index: Int) -> ArraySlice<UInt8> {
        bytes[index == 0 ? parameterRanges.first : parameterRanges.second]
    }

    /// What was said of its route; of a path without one, what is said of paths that everybody may try.
    public var policy: RoutePolicy { route?.policy ?? .anyone }

    @unsafe func withBytes<Value>(_ body: (UnsafeBufferPointer<UInt8>) -> Value) -> Value {
        unsafe bytes.withUnsafeBufferPointer { unsafe body($0) }
    }

    // MARK: - Who sends it

    /// The client's address: the peer's, unless that is a trusted proxy which says whose request it brings.
    public var client: String {
        guard let proxies else { return peer }
        let lines = headers.lazy.filter { Self.matches($0, "x-forwarded-for", self.bytes) }.map { self.bytes[$0.value] }
        return proxies.client(of: lines) ?? peer
    }

    /// Whether it comes straight from its client, so that all requests of the connection have one address.
    public var isDirect: Bool { proxies == nil }

    /// Who counts as one where addresses are counted: the client's IPv4 address, or its IPv6 network (/64).
    public var subscriber: String { IPAddress.subscriber(client) }

    /// The subscriber, unless that is a trusted proxy, which brings the requests of many.
    var countedAddress: String? {
        guard let proxies else { return IPAddress.subscriber(peer) }
        let client = client
        return proxies.contains(client) ? nil : IPAddress.subscriber(client)
    }

    // MARK: - Headers

    /// The first header of this name. Bytes that are no UTF-8 are replaced, so that different values may become one:
    /// what names somebody is read as bytes.
    ///
    /// - Parameter name: in lower case.
    public func header(_ name: StaticString) -> String? {
        headerBytes(name).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The bytes of the first header of this name.
    public func headerBytes(_ name: StaticString) -> ArraySlice<UInt8>? {
        find(name, from: 0).map { bytes[headers[$0].value] }
    }

    /// Whether there is a header of this name.
    public func has(_ name: StaticString) -> Bool { find(name, from: 0) != nil }

    /// Whether the first header of this name says this, in whatever case.
    ///
    /// - Parameter value: in lower case.
    public func header(_ name: StaticString, is value: StaticString) -> Bool {
        guard let index = find(name, from: 0) else { return false }
        return unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe HTTPCharacters.equal(UnsafeBufferPointer(rebasing: bytes[headers[index].value]), value)
        }
    }

    /// Whether there is more than one header of this name.
    ///
    /// - Parameter name: in lower case.
    public func repeats(_ name: StaticString) -> Bool {
        guard repeatedLengths & 1 &<< UInt64(name.utf8CodeUnitCount & 63) != 0, let first = find(name, from: 0) else {
            return false
        }
        return find(name, from: first + 1) != nil
    }

    /// All headers of this name, repaired as `header` does.
    public func headers(_ name: StaticString) -> [String] {
        headers.filter { Self.matches($0, name, bytes) }.map { String(decoding: bytes[$0.value], as: UTF8.self) }
    }

    /// The index of the first header of this name, at `start` or behind it.
    private func find(_ name: StaticString, from start: Int) -> Int? {
        guard nameLengths & 1 &<< UInt64(name.utf8CodeUnitCount & 63) != 0 else { return nil }
        return Self.find(name, from: start, bytes, headers)
    }

    private static func find(_ name: StaticString, from start: Int, _ bytes: [UInt8], _ headers: [Header]) -> Int? {
        let length = name.utf8CodeUnitCount
        return unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe headers.withUnsafeBufferPointer { headers in
                guard let base = bytes.baseAddress else { return nil }
                let first = unsafe name.utf8Start[0]
                var index = start
                while index < headers.count {
                    let header = unsafe headers[index]
                    if header.nameLength == length {
                        let text = unsafe base + header.name.lowerBound
                        if unsafe text[0] | 0x20 == first, unsafe HTTPCharacters.isName(text, name) {
                            return index
                        }
                    }
                    index &+= 1
                }
                return nil
            }
        }
    }

    private static func matches(_ header: Header, _ name: StaticString, _ bytes: [UInt8]) -> Bool {
        header.nameLength == name.utf8CodeUnitCount && HTTPCharacters.equal(bytes[header.name], name)
    }

    /// The `X-Request-Id` that the client chose, when it is one that can be answered and logged.
    static func givenID(_ bytes: [UInt8], _ headers: [Header]) -> String? {
        guard let index = find("x-request-id", from: 0, bytes, headers) else { return nil }
        let value = bytes[headers[index].value]
        return isRequestID(value) ? String(decoding: value, as: UTF8.self) : nil
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
}
