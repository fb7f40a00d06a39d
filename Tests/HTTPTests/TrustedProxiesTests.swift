import Support
import Testing

@testable import HTTP

@Suite("Trusted proxies")
struct TrustedProxiesTests {
    private func client(_ lines: String..., trusting ranges: [String] = ["10.0.0.0/8", "fd00::/8"]) -> String? {
        TrustedProxies(ranges.compactMap { AddressRange($0) }).client(of: lines.map { Array($0.utf8)[...] })
    }

    @Test("a range is an address or a prefix, and nothing else")
    func ranges() throws {
        let good = [
            "10.0.0.0/8", "192.0.2.7", "192.0.2.7/32", "2001:db8::/32", "::1", "fd00::/8", "::ffff:10.0.0.0/104",
        ]
        for text in good { #expect(AddressRange(text) != nil, "\(text)") }
        let wrong = [
            "", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8", "10.0.0.1/8", "10.0.0",
            "10.0.0.256", "010.0.0.0/8", "2001:db8::/129", "2001:db8::1/32", "fe80::1%lo", "[::1]", "nginx", "*",
            " 10.0.0.0/8", "10.0.0.0/8 ", "10.0.0.0/٨",
        ]
        for text in wrong { #expect(AddressRange(text) == nil, "\(text)") }
        for (text, isTooWide) in [
            ("0.0.0.0/0", true), ("128.0.0.0/1", true), ("10.0.0.0/7", true), ("10.0.0.0/8", false), ("::/0", true),
            ("::/64", true), ("::ffff:0:0/96", true), ("::ffff:8.0.0.0/101", true), ("2000::/3", true),
            ("fc00::/7", false), ("::1", false),
        ] {
            #expect(try #require(AddressRange(text)).isTooWide == isTooWide, "\(text)")
        }
    }

    @Test("a peer is trusted if it is within a range, in every spelling of its address")
    func peers() {
        let proxies = TrustedProxies(["10.0.0.0/8", "fd00::/8", "::1"].compactMap { AddressRange($0) })
        for peer in ["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3", "fd12::1", "::1"] {
            #expect(proxies.contains(peer), "\(peer)")
        }
        for peer in ["9.255.255.255", "11.0.0.0", "127.0.0.1", "fc00::1", "::2", "unknown", ""] {
            #expect(!proxies.contains(peer), "\(peer)")
        }
    }

    @Test("an IPv6 subscriber is a /64, in every spelling of an address; an IPv4 address is unchanged")
    func subscribers() {
        for (text, subscriber) in [
            ("203.0.113.1", "203.0.113.1"), ("::ffff:203.0.113.1", "203.0.113.1"), ("::ffff:cb00:7101", "203.0.113.1"),
            ("2001:db8::1", "2001:db8:0:0::/64"), ("2001:DB8:0:0:ffff::2", "2001:db8:0:0::/64"),
            ("2001:db8:0:1::1", "2001:db8:0:1::/64"), ("::1", "0:0:0:0::/64"), ("fe80::1%eth0", "fe80::1%eth0"),
            ("", ""), ("unix", "unix"),
        ] {
            #expect(IPAddress.subscriber(text) == subscriber)
        }
    }

    @Test("the client is the right-most address that is not a trusted proxy")
    func clients() {
        #expect(client("203.0.113.1") == "203.0.113.1")
        #expect(client("198.51.100.9, 203.0.113.1,10.0.0.2 ,\tfd00::2") == "203.0.113.1")
        #expect(client("198.51.100.9", "203.0.113.1", "10.0.0.2") == "203.0.113.1")
        #expect(client("what it likes, 2001:db8::1") == "2001:db8::1")
        #expect(client("10.0.0.3, 10.0.0.2") == "10.0.0.3")
    }

    @Test("brackets and ports are stripped")
    func ports() {
        #expect(client("203.0.113.7:4711") == "203.0.113.7")
        #expect(client("[2001:db8::9]:443") == "2001:db8::9")
        #expect(client("[2001:db8::9]") == "2001:db8::9")
        #expect(client("198.51.100.9, 203.0.113.7:4711, [fd00::2]:80, 10.0.0.2:65535") == "203.0.113.7")
        let longest = "0000:0000:0000:0000:0000:ffff:203.100.113.101"
        #expect(client("[\(longest)]:65535") == longest)
    }

    @Test("an invalid entry or too long a chain of proxies names no client")
    func garbage() {
        for line in [
            "", ",", "unknown", "203.0.113.1, ", "203.0.113.1, _hidden, 10.0.0.2", "203.0.113.1:",
            "203.0.113.1:http", "203.0.113.1:123456", ":80", "[203.0.113.1]:80", "[2001:db8::1", "[2001:db8::1]:",
            "[2001:db8::1]80", "[[2001:db8::1]]", "2001:db8::1]", "[2001:db8::1%eth0]", "[", "[]",
            "203.0.113.1 10.0.0.2", String(repeating: "1", count: 10_000), "2001:db8::1%eth0",
        ] {
            #expect(client(line) == nil, "\(line)")
        }
        #expect(client() == nil)
        func chain(_ count: Int) -> String { "203.0.113.1" + String(repeating: ",10.0.0.2", count: count) }
        #expect(client(chain(15)) == "203.0.113.1")
        #expect(client(chain(16)) == nil)
    }

    @Test("for any bytes, the client is one of the addresses in the header or none", .timeLimit(.minutes(1)))
    func random() {
        var generator = SeededGenerator.fromEnvironment()
        let proxies = TrustedProxies(["10.0.0.0/8"].compactMap { AddressRange($0) })
        let pieces = ["203.0.113.1", "10.0.0.2", ",", ", ", " ", ":", "::", "[", "]", "ffff", "/8", "\t", "é", "0"]
        for _ in 0..<5000 {
            let lines = (0..<Int.random(in: 0...3, using: &generator)).map { _ in
                (0..<Int.random(in: 0...8, using: &generator)).map { _ in
                    pieces.randomElement(using: &generator) ?? ""
                }.joined()
            }
            let client = proxies.client(of: lines.map { Array($0.utf8)[...] })
            if let client { #expect(lines.contains { $0.contains(client) } && IPAddress(client) != nil, "\(lines)") }
        }
    }
}
