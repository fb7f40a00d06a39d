/// The proxies whose `X-Forwarded-For` is trusted to name the client.
package struct TrustedProxies: Sendable {
    private let ranges: [AddressRange]

    /// Longest chain of proxies that is followed; no installation has that many, and each hop is compared with every
    /// range.
    private static let hops = 16
    /// The longest address: IPv4 within IPv6, with brackets and a port.
    private static let addressLength = 45 + "[]:65535".utf8.count

    package init(_ ranges: [AddressRange]) { self.ranges = ranges }

    /// Whether a peer is a trusted proxy.
    ///
    /// - Parameter peer: the address as text.
    func contains(_ peer: String) -> Bool {
        guard let address = IPAddress(peer) else { return false }
        return contains(address)
    }

    private func contains(_ address: IPAddress) -> Bool { ranges.contains { $0.contains(address) } }

    /// The client's address: each proxy appended the address that it got the request from, so the client is the
    /// right-most address that is not a trusted proxy, or the left-most if all are.
    ///
    /// - Parameter lines: the values of `X-Forwarded-For`, in order.
    /// - Returns: `nil` if an entry that is needed is not an address, or if too many proxies are named.
    func client(of lines: some BidirectionalCollection<ArraySlice<UInt8>>) -> String? {
        var left = Self.hops
        var found: String?
        for line in lines.reversed() {
            var rest: ArraySlice<UInt8>? = line
            while let part = rest {
                let comma = part.lastIndex(of: UInt8(ascii: ","))
                guard left > 0, let (text, address) = Self.address(comma.map { part[($0 + 1)...] } ?? part) else {
                    return nil
                }
                guard contains(address) else { return text }
                left -= 1
                found = text
                rest = comma.map { part[..<$0] }
            }
        }
        return found
    }

    private static func address(_ bytes: ArraySlice<UInt8>) -> (text: String, address: IPAddress)? {
        let isSpace: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        var bytes = bytes.drop(while: isSpace)
        while let last = bytes.last, isSpace(last) { bytes.removeLast() }
        guard bytes.count <= addressLength else { return nil }
        guard let host = host(bytes) else { return nil }
        let text = String(decoding: host, as: UTF8.self)
        return IPAddress(text).map { (text, $0) }
    }

    /// Strips the brackets and the port that some proxies write, as in `203.0.113.7:4711`, `[2001:db8::9]:443` or
    /// `[2001:db8::9]`: the port changes with each connection, the client does not.
    private static func host(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        let colon = UInt8(ascii: ":")
        if bytes.first == UInt8(ascii: "[") {
            guard let end = bytes.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            let host = bytes[..<end].dropFirst()
            let rest = bytes[end...].dropFirst()
            // Only IPv6 is written in brackets.
            return host.contains(colon) && (rest.isEmpty || isPort(rest)) ? host : nil
        }
        // An IPv6 address has at least two colons, so a single one starts a port.
        guard let first = bytes.firstIndex(of: colon), first == bytes.lastIndex(of: colon) else { return bytes }
        return isPort(bytes[first...]) ? bytes[..<first] : nil
    }

    /// Whether the bytes are a colon and the digits of a port.
    private static func isPort(_ bytes: ArraySlice<UInt8>) -> Bool {
        let digits = bytes.dropFirst()
        return bytes.first == UInt8(ascii: ":") && (1...5).contains(digits.count)
            && digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}
