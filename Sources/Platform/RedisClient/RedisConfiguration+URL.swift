extension RedisConfiguration {
    /// Parses `redis://[[user]:password@]host[:port][/db]` or `unix:/path[?db=n&user=u&password=p]`, percent-decoded.
    ///
    /// - Throws: `.misuse` with a reason that never contains the password.
    package init(url: String) throws(RedisError) {
        if let rest = Self.remainder(of: url, after: "redis://") {
            try self.init(tcp: rest)
        } else if let rest = Self.remainder(of: url, after: "unix:") {
            try self.init(unix: rest)
        } else if url.hasPrefix("rediss:") {
            throw Self.wrong("TLS (rediss:) is not supported; use a tunnel")
        } else {
            throw Self.wrong("it begins neither with redis:// nor with unix:")
        }
    }

    private init(tcp text: Substring) throws(RedisError) {
        guard !text.contains("?"), !text.contains("#") else {
            throw Self.wrong("a ? or # must be escaped as %3F or %23")
        }
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        var address = parts[0]
        var credentials: Substring?
        if let at = address.lastIndex(of: "@") {
            credentials = address[..<at]
            address = address[address.index(after: at)...]
        }
        self.init(try Self.tcpEndpoint(address))
        if let credentials { try readCredentials(credentials) }
        if parts.count > 1, !parts[1].isEmpty { database = try Self.number(parts[1], "the database", 0...65_535) }
    }

    private init(unix text: Substring) throws(RedisError) {
        let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        // Accepts unix:/path and unix:///path.
        let path = try Self.decode(parts[0].hasPrefix("//") ? parts[0].dropFirst(2) : parts[0], "the path")
        guard path.hasPrefix("/") else { throw Self.wrong("the path of the unix socket does not begin with /") }
        guard path.utf8.count <= 107 else { throw Self.wrong("the path of the unix socket has more than 107 bytes") }
        self.init(.unix(path: path))
        for item in parts.count > 1 ? parts[1].split(separator: "&") : [] {
            let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value = pair.count > 1 ? pair[1] : ""
            switch pair[0] {
            case "db": database = try Self.number(value, "the database", 0...65_535)
            case "user": user = try Self.decode(value, "the user")
            case "password": password = try Self.decode(value, "the password")
            default: throw Self.wrong("an unknown parameter; valid ones are db, user and password")
            }
        }
    }

    private mutating func readCredentials(_ text: Substring) throws(RedisError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw Self.wrong("no : between user and password before the @") }
        user = parts[0].isEmpty ? nil : try Self.decode(parts[0], "the user")
        password = try Self.decode(parts[1], "the password")
    }

    private static func tcpEndpoint(_ text: Substring) throws(RedisError) -> Endpoint {
        var host = text
        var port: Substring = "6379"
        if text.first == "[" {
            guard let bracket = text.firstIndex(of: "]") else { throw wrong("no ] after the IPv6 address") }
            host = text[text.index(after: text.startIndex)..<bracket]
            let rest = text[text.index(after: bracket)...]
            guard rest.isEmpty || rest.first == ":" else { throw wrong("something between the ] and the port") }
            if !rest.isEmpty { port = rest.dropFirst() }
        } else if let colon = text.firstIndex(of: ":") {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
        }
        guard !host.isEmpty else { throw wrong("no host") }
        let number = try number(port, "the port", 1...65_535)
        return .tcp(host: try decode(host, "the host"), port: UInt16(number))
    }

    private static func number(
        _ text: Substring, _ what: String, _ range: ClosedRange<Int>
    ) throws(RedisError) -> Int {
        guard let value = Int(text), range.contains(value), text.allSatisfy({ ("0"..."9").contains($0) }) else {
            throw wrong("\(what) is not a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    private static func decode(_ text: Substring, _ what: String) throws(RedisError) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
                throw wrong("\(what) has a % without two hexadecimal digits")
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        guard let decoded = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
            throw wrong("\(what) is not text")
        }
        return decoded
    }

    private static func remainder(of text: String, after prefix: String) -> Substring? {
        text.hasPrefix(prefix) ? text.dropFirst(prefix.count) : nil
    }

    private static func wrong(_ what: String) -> RedisError { RedisError(.misuse, what) }
}
