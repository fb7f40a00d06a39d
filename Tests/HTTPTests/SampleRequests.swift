/// Requests for splitting and mutating.
enum SampleRequests {
    static let accepted = [
        "GET /livez HTTP/1.1\r\nHost: example.com\r\n\r\n",
        "\r\nGET /a?b=c&d HTTP/1.1\r\nHost: [::1]:8080\r\nX-Request-Id: one.two\r\n\r\n",
        "GET http://example.com:80/a/b?c HTTP/1.1\r\nhOsT:example.com:80 \r\n\r\n",
        "GET http://example.com?c HTTP/1.1\r\nHost: example.com\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: example.com\r\n\r\n",
        "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\nhello world",
        "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        "PUT /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n5;a=\"b\"\r\nhello\r\n06\r\n world\r\n0\r\nX: y\r\n\r\n",
        "POST /b HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
        "GET /old HTTP/1.0\r\n\r\n",
        "GET /old HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n",
        "DELETE /a HTTP/1.1\r\nHost: x\r\n\r\n\r\nPATCH /b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n{}\n",
        "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nHEAD /2 HTTP/1.1\r\nHost: x\r\n\r\nGET /3 HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nGET /4 HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabc",
    ]

    static let refused = [
        "GET / HTTP/1.1\nHost: x\n\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 1\r\n\r\n",
        "BREW / HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nExpect: coffee\r\n\r\n",
        "GET / HTTP/2.0\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n",
    ]

    static var all: [String] { accepted + refused }

    /// Fragments that cause trouble in the wrong place.
    private static let spices = [
        "\r\n", "\n", "\r", " ", "\t", "\0", ":", ";", "0\r\n\r\n", "\r\n\r\n", "%", "#", "\u{e9}", "HTTP/1.0",
        "HTTP/1.1",
        "Host: y\r\n", "Content-Length: 3\r\n", "Content-Length: +3\r\n", "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip, chunked\r\n", "Expect: 100-continue\r\n", "X: y\r\n", "X : y\r\n", "ffffffffffffffff",
        "Connection: close\r\n", "http://h/", "?", "-1", "\u{7f}",
    ]

    /// One to three requests, mutated in up to three places.
    static func mutated(_ generator: inout some RandomNumberGenerator) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            bytes += Array((all.randomElement(using: &generator) ?? "").utf8)
        }
        for _ in 0..<Int.random(in: 0...3, using: &generator) {
            let place = Int.random(in: 0..<bytes.count, using: &generator)
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: bytes[place] = UInt8.random(in: .min ... .max, using: &generator)
            case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 2: bytes.insert(contentsOf: (spices.randomElement(using: &generator) ?? "").utf8, at: place)
            case 3: bytes.insert(contentsOf: bytes[place..<min(place + 24, bytes.count)], at: place)
            case 4: bytes.removeSubrange(place..<min(place + Int.random(in: 1...4, using: &generator), bytes.count))
            default: bytes.insert(contentsOf: lineStart(&generator, &bytes), at: 0)
            }
            if bytes.isEmpty { return [UInt8(ascii: "G")] }
        }
        return bytes
    }

    /// Inserts a whole line after a line of the request, in the place of a header.
    private static func lineStart(_ generator: inout some RandomNumberGenerator, _ bytes: inout [UInt8]) -> [UInt8] {
        let ends = bytes.indices.filter { bytes[$0] == 10 }
        guard let end = ends.randomElement(using: &generator) else { return [] }
        bytes.insert(contentsOf: (spices.randomElement(using: &generator) ?? "").utf8, at: end + 1)
        return []
    }
}
