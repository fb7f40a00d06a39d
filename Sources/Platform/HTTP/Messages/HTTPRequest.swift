import Loops
import Text

package enum HTTPMethod: String, Sendable, CaseIterable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
    case options = "OPTIONS"

    /// All method names, for `Allow`.
    static let all = allCases.map(\.rawValue).sorted().joined(separator: ", ")
}

/// A request with validated framing: its bytes as received, and the ranges of its parts.
package final class HTTPRequest: @unchecked Sendable {
    // SAFETY of @unchecked: mutable properties change on the connection's loop only.

    /// The ranges of a header's name and value in the head.
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

    /// The request's id.
    enum Name {
        /// Generated here: a UUIDv4, as two words.
        case made(high: UInt64, low: UInt64)
        /// Chosen by the client.
        case given(String)

        /// Generates a name.
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

    package let method: HTTPMethod
    /// The connection's remote address: the client's, or a proxy's.
    package let peer: String
    /// When the request was complete, in monotonic nanoseconds.
    package let arrival: Int64
    /// The router's result for path and method; `nil` before routing.
    package internal(set) var match: Router.Match? {
        didSet { if case .route(let route) = match { self.route = route } else { route = nil } }
    }
    /// The matched route, if there is one.
    package private(set) var route: Router.Route?
    /// Data that a layer in front of the handler passes to it, or receives from it.
    package var attachment: (any AnyObject & Sendable)?

    let name: Name
    /// The path's parameters, if they had to be decoded.
    var decodedParameters: [String: String]?
    /// The parameters' ranges in `bytes`, in the order of the route's path, if they need no decoding.
    var parameterRanges: (first: Range<Int>, second: Range<Int>) = (0..<0, 0..<0)

    /// The head, followed by the body unless the body had to be decoded.
    private let bytes: [UInt8]
    /// The range of path and query.
    private let target: Range<Int>
    private let pathEnd: Int
    private let bodyRange: Range<Int>
    /// The body if it is not in `bytes`.
    private let decodedBody: [UInt8]?
    private let headers: [Header]
    /// Bit `n & 63` is set if a header's name has `n` characters: a quick miss, since most headers asked for are
    /// absent.
    private let nameLengths: UInt64
    /// The same for lengths that occur more than once: few headers are sent twice.
    private let repeatedLengths: UInt64
    /// Set if the peer is a trusted proxy.
    private let proxies: TrustedProxies?

    /// - Parameters:
    ///   - target: range of path and query in `bytes`.
    ///   - body: range of the body in `bytes`, unless it was decoded.
    ///   - proxies: the trusted proxies, if the peer is one of them.
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
        // Twelve characters, the length of `X-Request-Id` (and of `Content-Type`).
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

    // MARK: - Target and body

    /// The target's path as received, percent-encoded; an absolute target may have none (RFC 9112, section 3.2.1).
    package var path: String {
        if pathRange.isEmpty { return method == .options ? "*" : "/" }
        return String(decoding: bytes[pathRange], as: UTF8.self)
    }

    /// The range of the path.
    var pathRange: Range<Int> { target.lowerBound..<pathEnd }

    /// The query after `?`, as received; empty if there is none.
    package var query: String { String(decoding: bytes[pathEnd..<target.upperBound].dropFirst(), as: UTF8.self) }

    package var body: [UInt8] { decodedBody ?? Array(bytes[bodyRange]) }

    /// The body without a copy.
    package var bodyBytes: ArraySlice<UInt8> { decodedBody?[...] ?? bytes[bodyRange] }

    /// The request's id in responses and logs.
    package var id: String { name.text }

    /// The id as two words, if the server generated it.
    package var chosenID: (high: UInt64, low: UInt64)? {
        if case .made(let high, let low) = name { (high, low) } else { nil }
    }

    /// The values of the route's `{name}` parameters, percent-decoded.
    package var parameters: [String: String] {
        if let decodedParameters { return decodedParameters }
        var parameters: [String: String] = [:]
        for (index, name) in (route?.parameterNames ?? []).enumerated() {
            parameters[name] = String(decoding: parameter(index), as: UTF8.self)
        }
        return parameters
    }

    /// The value of the route's first or second `{name}`, as received; empty if it had to be decoded.
    package func parameter(_ index: Int) -> ArraySlice<UInt8> {
        bytes[index == 0 ? parameterRanges.first : parameterRanges.second]
    }

    /// The route's policy; for a path without a route, the policy of public paths.
    package var policy: RoutePolicy { route?.policy ?? .anyone }

    @unsafe func withBytes<Value>(_ body: (UnsafeBufferPointer<UInt8>) -> Value) -> Value {
        unsafe bytes.withUnsafeBufferPointer { unsafe body($0) }
    }

    // MARK: - Sender

    /// The client's address: the peer's, unless the peer is a trusted proxy that names the client.
    package var client: String {
        guard let proxies else { return peer }
        let lines = headers.lazy.filter { Self.matches($0, "x-forwarded-for", self.bytes) }.map { self.bytes[$0.value] }
        return proxies.client(of: lines) ?? peer
    }

    /// Whether the client connects directly, so that all requests of the connection have one address.
    package var isDirect: Bool { proxies == nil }

    /// The unit of per-address limits: the client's IPv4 address, or its IPv6 network (/64).
    package var subscriber: String { IPAddress.subscriber(client) }

    /// The subscriber; `nil` if that is a trusted proxy, which carries the requests of many clients.
    var countedAddress: String? {
        guard let proxies else { return IPAddress.subscriber(peer) }
        let client = client
        return proxies.contains(client) ? nil : IPAddress.subscriber(client)
    }

    // MARK: - Headers

    /// The first header of this name. Invalid UTF-8 is replaced, so different values may become equal: read identifiers
    /// with `headerBytes`.
    ///
    /// - Parameter name: in lower case.
    package func header(_ name: StaticString) -> String? {
        headerBytes(name).map { String(decoding: $0, as: UTF8.self) }
    }

    package func headerBytes(_ name: StaticString) -> ArraySlice<UInt8>? {
        find(name, from: 0).map { bytes[headers[$0].value] }
    }

    package func has(_ name: StaticString) -> Bool { find(name, from: 0) != nil }

    /// Whether the first header of this name equals `value`, ignoring case.
    ///
    /// - Parameter value: in lower case.
    package func header(_ name: StaticString, is value: StaticString) -> Bool {
        guard let index = find(name, from: 0) else { return false }
        return unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe HTTPCharacters.equal(UnsafeBufferPointer(rebasing: bytes[headers[index].value]), value)
        }
    }

    /// Whether more than one header has this name.
    ///
    /// - Parameter name: in lower case.
    package func repeats(_ name: StaticString) -> Bool {
        guard repeatedLengths & 1 &<< UInt64(name.utf8CodeUnitCount & 63) != 0, let first = find(name, from: 0) else {
            return false
        }
        return find(name, from: first + 1) != nil
    }

    /// All headers of this name, with invalid UTF-8 replaced.
    package func headers(_ name: StaticString) -> [String] {
        headers.filter { Self.matches($0, name, bytes) }.map { String(decoding: bytes[$0.value], as: UTF8.self) }
    }

    /// The index of the first header of this name at or after `start`.
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

    /// The client's `X-Request-Id`, if it is safe to echo and log.
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
