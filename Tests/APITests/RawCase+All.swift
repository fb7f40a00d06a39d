import Foundation

extension RawCase {
    private static let livez = RawCase("livez") { $0.get("/livez") }
    private static let claim = RawCase("claim") { $0.claim($0.body, key: "k1") }
    private static let zero = "00000000-0000-7000-8000-000000000000"

    static let all = framing + targets + values + claims + bodies + callers + reads + paymentBodies + payments

    /// Framing of requests.
    private static let framing = [
        livez, livez.cut("livez, byte by byte", at: 1),
        RawCase("pipelined") { $0.get("/livez") + $0.get("/livez") + $0.get("/nothing") + $0.get("/livez") },
        RawCase("close") { $0.get("/livez", "Connection: close\r\n") + $0.get("/livez") },
        RawCase("keep-alive") { $0.get("/livez", "Connection: keep-alive\r\n") + $0.get("/livez") },
        RawCase("options of a connection") { $0.get("/livez", "Connection: x, Close\r\n") + $0.get("/livez") },
        RawCase("HTTP/1.0") { _ in "GET /livez HTTP/1.0\r\n\r\n" },
        RawCase("HTTP/1.0 that stays") { _ in
            "GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /livez HTTP/1.0\r\n\r\n"
        },
        RawCase("HTTP/1.2") { _ in "GET /livez HTTP/1.2\r\nHost: x\r\n\r\n" },
        RawCase("HTTP/2.0") { _ in "GET /livez HTTP/2.0\r\nHost: x\r\n\r\n" },
        RawCase("HEAD") { _ in "HEAD /livez HTTP/1.1\r\nHost: x\r\n\r\n" },
        RawCase("HEAD of a booking") {
            "HEAD /v1/bookings/\($0.booking) HTTP/1.1\r\nHost: x\r\n\($0.token("reader"))\r\n"
        },
        RawCase("no host") { _ in "GET /livez HTTP/1.1\r\n\r\n" },
        RawCase("two hosts") { _ in "GET /livez HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n" },
        RawCase("bad host") { _ in "GET /livez HTTP/1.1\r\nHost: x@y\r\n\r\n" },
        RawCase("host with a port") { _ in "GET /livez HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n" },
        RawCase("host with a long port") { _ in "GET /livez HTTP/1.1\r\nHost: x:808080\r\n\r\n" },
        RawCase("empty host") { _ in "GET /livez HTTP/1.1\r\nHost:\r\n\r\n" },
        RawCase("bare LF") { _ in "GET /livez HTTP/1.1\nHost: x\r\n\r\n" },
        RawCase("bare LF at the end") { _ in "GET /livez HTTP/1.1\r\nHost: x\r\n\n" },
        RawCase("bare CR in a value") { _ in "GET /livez HTTP/1.1\r\nHost: x\r\nX-A: a\rb\r\n\r\n" },
        RawCase("NUL") { _ in "GET /livez HTTP/1.1\r\nHost: x\r\nX-A: a\0b\r\n\r\n" },
        RawCase("space before the colon") { _ in "GET /livez HTTP/1.1\r\nHost : x\r\n\r\n" },
        RawCase("folded line") { _ in "GET /livez HTTP/1.1\r\nHost: x\r\nX-A: a\r\n b\r\n\r\n" },
        RawCase("line without a colon") { _ in "GET /livez HTTP/1.1\r\nHost: x\r\nnothing\r\n\r\n" },
        RawCase("empty name") { _ in "GET /livez HTTP/1.1\r\nHost: x\r\n: a\r\n\r\n" },
        RawCase("two lengths that differ") { _ in
            "POST /v1/bookings HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"
        },
        RawCase("two lengths that agree") { _ in
            "POST /v1/bookings HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc"
        },
        RawCase("list of lengths") { _ in "POST /v1/bookings HTTP/1.1\r\nHost: x\r\nContent-Length: 3, 3\r\n\r\nabc" },
        RawCase("length and chunks") { _ in
            "POST /v1/bookings HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        },
        RawCase("length with a sign") { _ in "POST /v1/bookings HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nabcde"
        },
        RawCase("length with a tab") { _ in "POST /v1/bookings HTTP/1.1\r\nHost: x\r\nContent-Length: 5\t\r\n\r\nabcde"
        },
        RawCase("empty length") { _ in "POST /v1/bookings HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\n" },
        RawCase("huge length") { _ in
            "POST /v1/bookings HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n"
        },
        RawCase("length with zeros") {
            "GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 000\r\n\r\n" + $0.get("/livez")
        },
        RawCase("body of a GET") {
            "GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabcd" + $0.get("/livez")
        },
        RawCase("unknown coding") { _ in "POST /v1/bookings HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n" },
        RawCase("nearly a coding") { _ in "POST /v1/bookings HTTP/1.1\r\nHost: x\r\nTransfer-Encodings: chunked\r\n\r\n"
        },
        RawCase("chunks by HTTP/1.0") { _ in "POST /v1/bookings HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        },
        RawCase("smuggled in a chunk") {
            "POST /v1/bookings HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcdeX\r\n0\r\n\r\n"
                + $0.get("/livez")
        },
        RawCase("huge head") { $0.get("/livez", "X-A: \(String(repeating: "a", count: 17_000))\r\n") },
        RawCase("head as long as may be") {
            $0.get("/livez", "X-A: \(String(repeating: "a", count: 16_384 - 41))\r\n")
        },
        RawCase("head one longer") { $0.get("/livez", "X-A: \(String(repeating: "a", count: 16_385 - 41))\r\n") },
        RawCase("many headers") { $0.get("/livez", (0..<120).map { "X-\($0): a\r\n" }.joined()) },
        RawCase("as many headers as may be") { $0.get("/livez", (0..<99).map { "X-\($0): a\r\n" }.joined()) },
        RawCase("blank line before") { "\r\n" + $0.get("/livez") },
        RawCase("two blank lines before") { "\r\n\r\n" + $0.get("/livez") },
        RawCase("cut short") { _ in "GET /livez HTTP/1.1\r\nHost: x\r\n" },
        RawCase("body cut short") { String($0.claim($0.body, user: "short").dropLast(5)) },
        RawCase("unknown method") { _ in "BREW /livez HTTP/1.1\r\nHost: x\r\n\r\n" },
        RawCase("lower-case method") { _ in "get /livez HTTP/1.1\r\nHost: x\r\n\r\n" },
        RawCase(
            "long body",
            parts: { scene in
                [
                    .bytes(
                        Array(
                            "POST /v1/bookings HTTP/1.1\r\nHost: x\r\n\(scene.token("long"))Content-Length: 70000\r\n\r\n"
                                .utf8))
                ]
            }),
    ]

    /// Request targets.
    private static let targets = [
        RawCase("nothing here") { $0.get("/nope") },
        RawCase("other method") { _ in "PUT /livez HTTP/1.1\r\nHost: x\r\n\r\n" },
        RawCase("OPTIONS") { _ in "OPTIONS /livez HTTP/1.1\r\nHost: x\r\n\r\n" },
        RawCase("OPTIONS of the server") { _ in "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n" },
        RawCase("escaped path") { $0.get("/%6civez") }, RawCase("bad escape") { $0.get("/%zz") },
        RawCase("slash at the end") { $0.get("/livez/") }, RawCase("two slashes") { $0.get("//livez") },
        RawCase("dots") { $0.get("/x/../livez") }, RawCase("a dot") { $0.get("/./livez") },
        RawCase("query") { $0.get("/livez?a=1&b=%20") }, RawCase("question mark") { $0.get("/livez?") },
        RawCase("fragment") { $0.get("/livez#a") }, RawCase("space in the target") { $0.get("/livez a") },
        RawCase(
            "high byte in the target",
            bytes: { _ in Array("GET /livez".utf8) + [0xe9] + Array(" HTTP/1.1\r\nHost: x\r\n\r\n".utf8) }),
        RawCase("absolute target") { _ in "GET http://y/livez HTTP/1.1\r\nHost: x\r\n\r\n" },
        RawCase("absolute target without a path") { _ in "GET http://y HTTP/1.1\r\nHost: x\r\n\r\n" },
        RawCase("target without a slash") { _ in "GET livez HTTP/1.1\r\nHost: x\r\n\r\n" },
        RawCase("long target") { $0.get("/\(String(repeating: "a", count: 9000))") },
        RawCase("escaped id") { $0.get("/v1/bookings/%61\($0.booking.dropFirst())", $0.token("reader")) },
        RawCase("id with a slash") { $0.get("/v1/bookings/\($0.booking)%2F", $0.token("reader")) },
    ]

    /// Headers.
    private static let values = [
        RawCase("request id") { $0.get("/livez", "X-Request-Id: abc.DEF_1-2\r\n") },
        RawCase("bad request id") { $0.get("/livez", "X-Request-Id: a b\r\n") },
        RawCase("control byte") { $0.get("/livez", "X-A: a\u{1}b\r\n") },
        RawCase("tabs") { $0.get("/livez", "X-Abc:\ta\tbcdefghijk \t\r\n") },
        RawCase("delete") { $0.get("/livez", "X-Abc: abcdefgh\u{7f}ijk\r\n") },
        RawCase(
            "high bytes",
            bytes: { _ in
                Array("GET /livez HTTP/1.1\r\nHost: x\r\nX-Abc: a".utf8) + [0xe9, 0xff, 0x80]
                    + Array("bcdefghijk\r\n\r\n".utf8)
            }),
        RawCase("usual names, nearly") {
            $0.get(
                "/livez",
                "Authorizatiom: Bearer abc\r\nContent-Typo: application/json\r\nContent-Lengthy: 5\r\nIdempotency-Kex: abcdef\r\n"
            )
        },
        RawCase("usual names in small letters") { scene in
            scene.claim(scene.body, user: "small", key: "small").replacingOccurrences(
                of: "Authorization", with: "authorization"
            )
            .replacingOccurrences(of: "Content-Type", with: "content-type")
            .replacingOccurrences(of: "Content-Length", with: "content-length")
            .replacingOccurrences(of: "Idempotency-Key", with: "idempotency-key")
        },
        RawCase("usual name and a space") { $0.get("/livez", "Content-Type : application/json\r\n") },
        RawCase("usual names and nothing else") {
            $0.get("/livez", "Content-Type:\r\nIdempotency-Key:\r\nAuthorization:          \r\n")
        },
        RawCase("names in capitals") {
            "GET /livez HTTP/1.1\r\nHOST: x\r\nX-REQUEST-ID: abc\r\n\r\n" + $0.get("/livez")
        },
    ]

    /// Claims and their keys.
    private static let claims = [
        claim, RawCase("replayed") { $0.claim($0.body, key: "k1") },
        RawCase("replayed in other words") {
            $0.post("{ \"idempotencyKey\" : \"\($0.key("k1"))\"," + $0.body.dropFirst(), $0.token("u"))
        },
        RawCase("key for something else") { $0.claim($0.body($0.event, $0.tier, "2"), key: "k1") },
        RawCase("key with a byte of its event in capitals") {
            $0.claim($0.body($0.event.uppercased(), $0.tier), key: "k1")
        },
        RawCase("without a key") { $0.claim($0.body, user: "v") },
        RawCase(
            "in pieces", parts: { RawCase("", { $0.claim($0.body, user: "w", key: "k2") }).cut("", at: 97).parts($0) }),
        RawCase(
            "head and body",
            parts: { scene in
                let text = scene.claim(scene.body, user: "w", key: "k3")
                return [.bytes(Array(text.dropLast(scene.body.utf8.count).utf8)), .bytes(Array(scene.body.utf8))]
            }),
        RawCase("chunked") {
            "POST /v1/bookings HTTP/1.1\r\nHost: x\r\n\($0.token("c"))Idempotency-Key: \($0.key("k4"))\r\nTransfer-Encoding: chunked\r\n\r\n\(String($0.body.utf8.count, radix: 16))\r\n\($0.body)\r\n0\r\n\r\n"
        },
        RawCase("pipelined claims") {
            $0.claim($0.body, user: "p", key: "k5") + $0.get("/livez") + $0.claim($0.soldBody, user: "p", key: "k6")
                + $0.claim($0.body, user: "p", key: "k5")
        },
        RawCase("sold out") { $0.claim($0.soldBody, user: "s", key: "k7") },
        RawCase("sold out, said from memory") {
            $0.claim($0.soldBody, user: "s", key: "k8") + $0.claim($0.soldBody, user: "s", key: "k9")
        },
        RawCase("sold out without a key") { $0.claim($0.soldBody, user: "s") + $0.claim($0.soldBody, user: "s") },
        RawCase("sold out, then closed") { $0.claim($0.soldBody, user: "s", key: "k10", "Connection: close\r\n") },
        RawCase("too many") {
            $0.claim($0.body($0.event, $0.tier, "1000"), user: "m", key: "k11")
                + $0.claim($0.body($0.event, $0.tier, "1000"), user: "m", key: "k12")
        },
        RawCase("unknown tier") { $0.claim($0.body($0.event, zero), key: "k13") },
        RawCase("unknown event") { $0.claim($0.body(zero, $0.tier), key: "k14") },
        RawCase("several tiers") {
            $0.claim(
                "{\"eventId\":\"\($0.event)\",\"items\":[{\"tierId\":\"\($0.tier)\",\"quantity\":1},{\"quantity\":2,\"tierId\":\"\($0.tier)\"}]}",
                user: "t", key: "k15")
        },
        RawCase("a seat") {
            $0.claim(
                "{\"eventId\":\"\($0.seated)\",\"items\":[{\"seatIds\":[\"\($0.seat)\"]}]}", user: "seat", key: "k16")
        },
        RawCase("a seat again") {
            $0.claim(
                "{\"eventId\":\"\($0.seated)\",\"items\":[{\"seatIds\":[\"\($0.seat)\"]}]}", user: "seat2", key: "k17")
        },
        RawCase("quoted key") { $0.claim($0.body, user: "quoted", "Idempotency-Key: \"quo\\\"ted-\($0.name)\"\r\n") },
        RawCase("bad key") { $0.claim($0.body, "Idempotency-Key: a b\r\n") },
        RawCase("long key") { $0.claim($0.body, "Idempotency-Key: \(String(repeating: "k", count: 256))\r\n") },
        RawCase("empty key") { $0.claim($0.body, "Idempotency-Key:\r\n") },
        RawCase("two keys") { $0.claim($0.body, key: "k18", "Idempotency-Key: x\r\n") },
        RawCase(
            "expectation",
            parts: { scene in
                let text = scene.claim(scene.body, user: "e", key: "k19", "Expect: 100-continue\r\n")
                return [
                    .bytes(Array(text.dropLast(scene.body.utf8.count).utf8)), .awaitAnswer,
                    .bytes(Array(scene.body.utf8)),
                ]
            }),
        RawCase("other expectation") { $0.claim($0.body, "Expect: more\r\n") },
        RawCase("of a trace") {
            $0.claim(
                $0.body, user: "trace", key: "k20",
                "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n")
        },
    ]

    /// Valid and invalid bodies.
    private static let bodies: [RawCase] = {
        let changes: [(String, @Sendable (Scene) -> String)] = [
            ("none", { $0.body($0.event, $0.tier, "0") }), ("1,001", { $0.body($0.event, $0.tier, "1001") }),
            ("1.0", { $0.body($0.event, $0.tier, "1.0") }), ("1e0", { $0.body($0.event, $0.tier, "1e0") }),
            ("01", { $0.body($0.event, $0.tier, "01") }), ("-1", { $0.body($0.event, $0.tier, "-1") }),
            ("text", { $0.body($0.event, $0.tier, "\"1\"") }), ("null", { $0.body($0.event, $0.tier, "null") }),
            ("10000000000", { $0.body($0.event, $0.tier, "10000000000") }),
            (
                "blanks",
                {
                    "\n{ \"items\" : [ { \"quantity\" : 1 , \"tierId\" : \"\($0.tier)\" } ] , \"eventId\" :\t\"\($0.event)\" }\r\n"
                }
            ),
            ("ids in capitals", { $0.body($0.event.uppercased(), $0.tier.uppercased()) }),
            ("event twice", { "{\"eventId\":\"x\"," + $0.body.dropFirst() }),
            ("quantity twice", { $0.body.replacingOccurrences(of: "{\"tierId\"", with: "{\"quantity\":2,\"tierId\"") }),
            ("unknown member", { "{\"x\":1," + $0.body.dropFirst() }),
            (
                "unknown member of an item",
                { $0.body.replacingOccurrences(of: "{\"tierId\"", with: "{\"x\":null,\"tierId\"") }
            ),
            ("escaped name", { $0.body.replacingOccurrences(of: "eventId", with: "event\\u0049d") }),
            ("payment null", { "{\"payment\":null," + $0.body.dropFirst() }),
            (
                "best available",
                { "{\"eventId\":\"\($0.event)\",\"items\":[{\"tierId\":\"\($0.tier)\",\"bestAvailable\":2}]}" }
            ),
            ("cut off", { String($0.body.dropLast()) }), ("more behind it", { $0.body + "x" }), ("brace", { _ in "{" }),
            ("list", { _ in "[]" }), ("no items", { "{\"eventId\":\"\($0.event)\",\"items\":[]}" }),
            (
                "21 items",
                { scene in
                    "{\"eventId\":\"\(scene.event)\",\"items\":["
                        + (0..<21).map { _ in "{\"tierId\":\"\(scene.tier)\",\"quantity\":1}" }.joined(separator: ",")
                        + "]}"
                }
            ),
            ("comma", { $0.body.replacingOccurrences(of: "}]", with: "},]") }), ("empty", { _ in "" }),
            ("blank", { _ in "  " }),
            ("number as event", { $0.body.replacingOccurrences(of: "\"\($0.event)\"", with: "999999999") }),
            ("deep", { _ in String(repeating: "[", count: 100) }),
            ("control byte", { $0.body.replacingOccurrences(of: "event", with: "eve\u{1}nt") }),
        ]
        return changes.map { name, body in
            RawCase("body: \(name)") { $0.claim(body($0), user: "b", key: "b-\(name.count)-\(name.hashedForKeys)") }
        }
            + [
                RawCase("plain text") { $0.claim($0.body, user: "b", type: "text/plain") },
                RawCase("charset") {
                    $0.claim($0.body, user: "b", key: "b-charset", type: "application/json; charset=utf-8")
                },
                RawCase("problem type") { $0.claim($0.body, user: "b", key: "b-type", type: "Application/Vnd.X+JSON") },
                RawCase("compressed") { $0.claim($0.body, user: "b", "Content-Encoding: gzip\r\n") },
                RawCase(
                    "not UTF-8",
                    bytes: { scene in
                        let head =
                            "POST /v1/bookings HTTP/1.1\r\nHost: x\r\n\(scene.token("b"))Content-Length: 3\r\n\r\n"
                        return Array(head.utf8) + [0x7b, 0xff, 0x7d]
                    }),
            ]
    }()

    /// Credentials.
    private static let callers = [
        RawCase("nobody") {
            "POST /v1/bookings HTTP/1.1\r\nHost: x\r\nContent-Length: \($0.body.utf8.count)\r\n\r\n\($0.body)"
        },
        RawCase("bad token") { $0.claim($0.body).replacingOccurrences(of: "Bearer ", with: "Bearer x") },
        RawCase("cut token") {
            $0.claim($0.body).replacingOccurrences(of: "\r\nContent-Type", with: "x\r\nContent-Type")
        },
        RawCase("other scheme") { $0.claim($0.body).replacingOccurrences(of: "Bearer ", with: "Basic ") },
        RawCase("scheme in capitals and blanks") {
            $0.claim($0.body, user: "n", key: "n1").replacingOccurrences(of: "Bearer ", with: "BEARER   ")
        },
        RawCase("two tokens") { $0.claim($0.body, $0.token("u")) },
        RawCase("two callers") { $0.claim($0.body, "X-API-Key: box-office-key-of-tests\r\n") },
        RawCase("unknown key") { $0.get("/v1/bookings/\($0.booking)", "X-API-Key: wrong\r\n") },
        RawCase("service") {
            "POST /v1/bookings HTTP/1.1\r\nHost: x\r\nX-API-Key: box-office-key-of-tests\r\nX-On-Behalf-Of: someone-\($0.name)\r\nIdempotency-Key: \($0.key("n2"))\r\nContent-Type: application/json\r\nContent-Length: \($0.body.utf8.count)\r\n\r\n\($0.body)"
        },
        RawCase("service without a user") {
            "POST /v1/bookings HTTP/1.1\r\nHost: x\r\nX-API-Key: box-office-key-of-tests\r\nContent-Length: \($0.body.utf8.count)\r\n\r\n\($0.body)"
        },
        RawCase("user named by a user") { $0.claim($0.body, user: "n", key: "n3", "X-On-Behalf-Of: u\r\n") },
        RawCase("administrator") {
            "POST /v1/bookings HTTP/1.1\r\nHost: x\r\n\($0.token("a", ["admin"]))Idempotency-Key: \($0.key("n4"))\r\nContent-Type: application/json\r\nContent-Length: \($0.body.utf8.count)\r\n\r\n\($0.body)"
        },
        RawCase("composed user") { $0.claim($0.body, user: "Zo\u{eb}", key: "n5") },
        RawCase("decomposed user") { $0.claim($0.body, user: "Zoe\u{308}", key: "n5") },
        RawCase("expired token") { _ in
            "GET /v1/bookings/x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.e30.AAAA\r\n\r\n"
        },
    ]

    /// Reads of bookings.
    private static let reads = [
        RawCase("own booking") { $0.read($0.booking) }, RawCase("another's booking") { $0.read($0.others) },
        RawCase("as an administrator") { $0.get("/v1/bookings/\($0.others)", $0.token("a", ["admin"])) },
        RawCase("id in capitals") { $0.read($0.booking.uppercased()) }, RawCase("no id") { $0.read("x") },
        RawCase("unknown booking") { $0.read(zero) },
        RawCase("without a token") { $0.get("/v1/bookings/\($0.booking)") },
        RawCase("of another version") { $0.read("00000000-0000-4000-8000-000000000000") },
        RawCase("two reads at once") { $0.read($0.booking) + $0.read($0.others) + $0.read($0.booking) },
        RawCase("with a key") { $0.get("/v1/bookings/\($0.booking)", $0.token("reader") + "Idempotency-Key: x\r\n") },
        RawCase("with a slash") { $0.read($0.booking + "/") }, RawCase("with a query") { $0.read($0.booking + "?a=b") },
    ]

    static let ofPages = [
        RawCase("livez for a page") { $0.get("/livez", "Origin: https://shop.example\r\n") },
        RawCase("livez for another page") { $0.get("/livez", "Origin: https://other.example\r\n") },
        RawCase("claim for a page") { $0.claim($0.body, key: "o1", "Origin: https://shop.example\r\n") },
        RawCase("sold out for a page") {
            $0.claim($0.soldBody, user: "s", key: "o2", "Origin: https://shop.example\r\n")
                + $0.claim($0.soldBody, user: "s", key: "o3")
        },
        RawCase("read for a page") {
            $0.get("/v1/bookings/\($0.booking)", $0.token("reader") + "Origin: https://shop.example\r\n")
        },
        RawCase("question of a browser") { _ in
            "OPTIONS /v1/bookings HTTP/1.1\r\nHost: x\r\nOrigin: https://shop.example\r\nAccess-Control-Request-Method: POST\r\n\r\n"
        },
        RawCase("refused for a page") { _ in "GET /livez HTTP/1.1\r\nOrigin: https://shop.example\r\n\r\n" },
    ]

    static let atLimits =
        (1...34).map { number in
            RawCase("claim \(number) of thirty") { $0.claim($0.body, user: "fast", key: "l\(number)") }
        } + (1...34).map { number in RawCase("read \(number) of thirty") { $0.read($0.booking, "reader") } }
}

extension String {
    /// The same number for the same text, in every process.
    fileprivate var hashedForKeys: Int { utf8.reduce(7) { ($0 * 31 + Int($1)) % 1_000_003 } }
}
