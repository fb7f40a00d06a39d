import Foundation
import Glibc
import SeatInventory
import Support
import Testing

/// Nearly all requests take fast paths (plain heads, the usual body, no task); all others, and every request of a
/// strict server, take the slow paths. Both must answer the same.
@Suite("Fast and slow paths", .api { $0.addsStrict = true })
struct FastAndSlowPathTests {
    @Test("answer the same, to the byte")
    func same() async throws { try Side.compare(try TestAPI.current, RawCase.all) }
}

@Suite(
    "Fast and slow paths for pages of other origins",
    .api { options in
        options.addsStrict = true
        options.corsOrigins = ["https://shop.example"]
    })
struct BothWaysForPagesTests {
    @Test("answer the same, to the byte")
    func same() async throws { try Side.compare(try TestAPI.current, RawCase.ofPages) }
}

@Suite(
    "Fast and slow paths at the rate limits",
    .api { options in
        options.addsStrict = true
        options.rateLimits = RateLimits(
            principal: RateLimit(quota: 30, periodSeconds: 3600),
            address: RateLimit(quota: 1_000_000, periodSeconds: 3600))
    })
struct BothWaysAtLimitsTests {
    @Test("answer the same, to the byte")
    func same() async throws { try Side.compare(try TestAPI.current, RawCase.atLimits) }
}

/// One of the two servers, with its own events, users and keys, so that actions on one do not affect the answers of the
/// other.
private struct Side {
    let port: UInt16
    let scene: RawCase.Scene

    init(_ api: TestAPI, port: UInt16, name: String) throws {
        self.port = port
        let event = try api.event(capacity: 1000)
        let sold = try api.event(capacity: 1)
        let (reader, buyer) = ("reader-\(name)", "buyer-\(name)")
        let paid = try api.claim(sold, by: TestAPI.token(buyer), card: Card.good)
        try #require(paid.status == 201 && paid["status"]?.text == "CONFIRMED", "\(paid.text)")
        let own = try api.claim(event, by: TestAPI.token(reader))
        let others = try api.claim(event, by: TestAPI.token(buyer))
        // Both bookings must be persisted first, or the servers' answers could differ. A service's requests are not
        // rate limited.
        for (booking, user) in [(own.id, reader), (others.id, buyer)] {
            let question = Request("GET", "/v1/bookings/\(booking)").with("X-API-Key", "box-office-key-of-tests")
                .with("X-On-Behalf-Of", user)
            try eventually("\(booking) is persisted") { try api.ask(question)["persisted"]?.bool == true }
        }
        let hall = try TestHall(api)
        let seat = try #require(try hall.seats(api)["A 1 1"])
        scene = RawCase.Scene(
            name: name, event: event.id, tier: event.tier, sold: sold.id, soldTier: sold.tier, booking: own.id,
            others: others.id, seated: hall.event, seat: seat)
    }

    /// Sends cases to both servers.
    static func compare(_ api: TestAPI, _ cases: [RawCase]) throws {
        let strictPort = try #require(api.strictPort)
        let quick = try Side(api, port: api.port, name: "q")
        let strict = try Side(api, port: strictPort, name: "s")
        for item in cases {
            let answers = try (quick.answer(item), strict.answer(item))
            // A client that disconnects during its request gets no answer.
            #expect(answers.0.isEmpty == item.name.hasSuffix("cut short"), "\(item.name)")
            #expect(answers.0 == answers.1, "\(item.name)")
        }
    }

    /// A server's answer to a case, without the parts that differ each time.
    func answer(_ item: RawCase) throws -> String {
        var text = String(decoding: try exchange(item.parts(scene)), as: UTF8.self)
        for (pattern, replacement) in [
            ("[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}", "UUID"),
            ("\\d{4}-\\d\\d-\\d\\dT[0-9:.]+Z", "TIME"), ("\r\nDate: [^\r]*", "\r\nDate"), (";t=\\d+", ";t=T"),
            ("-\(scene.name)\\b", "-SIDE"), ("Wait \\d+ s", "Wait T s"), ("Retry-After: \\d+", "Retry-After: T"),
        ] {
            text = text.replacingOccurrences(of: pattern, with: replacement, options: .regularExpression)
        }
        return text
    }

    /// Sends the parts in turn and reads until the server closes.
    private func exchange(_ parts: [RawCase.Part]) throws -> [UInt8] {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(connected == 0)
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
        var received: [UInt8] = []
        for part in parts {
            switch part {
            case .bytes(let bytes):
                // The server may have refused already and stopped reading.
                _ = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            case .awaitAnswer:
                while received.firstRange(of: Array("\r\n\r\n".utf8)) == nil, read(descriptor, &received) {}
            }
        }
        shutdown(descriptor, Int32(SHUT_WR))
        while read(descriptor, &received) {}
        return received
    }

    private func read(_ descriptor: Int32, _ received: inout [UInt8]) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { return false }
        received += buffer[..<count]
        return true
    }
}

/// Raw requests.
struct RawCase: Sendable {
    /// The data that requests refer to.
    struct Scene: Sendable {
        let name, event, tier, sold, soldTier, booking, others, seated, seat: String

        var body: String { body(event, tier) }
        var soldBody: String { body(sold, soldTier) }

        func body(_ event: String, _ tier: String, _ quantity: String = "1") -> String {
            "{\"eventId\":\"\(event)\",\"items\":[{\"tierId\":\"\(tier)\",\"quantity\":\(quantity)}]}"
        }

        func key(_ text: String) -> String { "\(text)-\(name)" }

        func token(_ user: String, _ roles: [String] = ["customer"]) -> String {
            "Authorization: Bearer \(TestAPI.token("\(user)-\(name)", roles: roles))\r\n"
        }

        /// A claim.
        func claim(_ body: String, user: String = "u", key: String? = nil, _ more: String = "", type: String? = nil)
            -> String
        {
            "POST /v1/bookings HTTP/1.1\r\nHost: x\r\n\(token(user))"
                + (key.map { "Idempotency-Key: \(self.key($0))\r\n" } ?? "")
                + "Content-Type: \(type ?? "application/json")\r\n\(more)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        }

        /// A claim without a media type.
        func post(_ body: String, _ lines: String) -> String {
            "POST /v1/bookings HTTP/1.1\r\nHost: x\r\n\(lines)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        }

        /// A payment.
        func payment(
            _ body: String, of booking: String, user: String = "reader", key: String? = nil, _ more: String = ""
        )
            -> String
        {
            "POST /v1/bookings/\(booking)/payments HTTP/1.1\r\nHost: x\r\n\(token(user))"
                + (key.map { "Idempotency-Key: \(self.key($0))\r\n" } ?? "")
                + "Content-Type: application/json\r\n\(more)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        }

        func get(_ path: String, _ more: String = "") -> String { "GET \(path) HTTP/1.1\r\nHost: x\r\n\(more)\r\n" }
        func read(_ booking: String, _ user: String = "reader") -> String {
            get("/v1/bookings/\(booking)", token(user))
        }
    }

    enum Part: Sendable {
        case bytes([UInt8])
        /// Waits until the server has sent an answer's head.
        case awaitAnswer
    }

    let name: String
    let parts: @Sendable (Scene) -> [Part]

    init(_ name: String, _ text: @escaping @Sendable (Scene) -> String) {
        self.init(name, bytes: { Array(text($0).utf8) })
    }

    init(_ name: String, bytes: @escaping @Sendable (Scene) -> [UInt8]) {
        self.init(name, parts: { [.bytes(bytes($0))] })
    }

    init(_ name: String, parts: @escaping @Sendable (Scene) -> [Part]) {
        self.name = name
        self.parts = parts
    }

    /// The case, sent in several pieces.
    func cut(_ name: String, at size: Int) -> RawCase {
        RawCase(
            name,
            parts: { scene in
                parts(scene).flatMap { part -> [Part] in
                    guard case .bytes(let bytes) = part else { return [part] }
                    return stride(from: 0, to: bytes.count, by: size).map {
                        .bytes(Array(bytes[$0..<min($0 + size, bytes.count)]))
                    }
                }
            })
    }
}
