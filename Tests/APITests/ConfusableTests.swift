import BoxOffice
import Foundation
import Support
import Testing

/// No user is mistaken for another, whatever their ids look like.
@Suite("Users whose ids look alike", .api { $0.persistWait = .seconds(10) }, .serialized)
struct ConfusableTests {
    private static let key = "box-office-key-of-tests"

    private func ask(_ request: Request, as user: String) throws -> Answer {
        try TestAPI.current.ask(request.with("X-API-Key", Self.key).with("X-On-Behalf-Of", user))
    }

    private func expectAgreement(
        _ event: TestEvent, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let answer = try await TestAPI.current.until(
            { $0["verdict"]?.text == "ok" },
            Request("GET", "/v1/admin/audit/events/\(event.id)").by(TestAPI.admin))
        #expect(answer["verdict"]?.text == "ok", "\(answer.text)", sourceLocation: sourceLocation)
    }

    /// `usher verify` on the same stores.
    private func verify() throws -> (said: String, code: Int32) {
        let api = try TestAPI.current
        let program = try Program(
            UsherProgram.path, ["verify"],
            environment: [
                "REDIS_URL": api.redisServer.url, "DATABASE_URL": api.databaseURL,
                "USHER_PARTITIONS": "\(TestAPI.partitions)",
            ])
        return (program.readToEnd(), program.wait())
    }

    /// Checks that another user can neither read nor change a booking and its payment.
    private func expectHidden(
        _ booking: String, payment: String? = nil, from other: String, _ token: Bool = false,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        var requests = [
            Request("GET", "/v1/bookings/\(booking)"), Request("DELETE", "/v1/bookings/\(booking)"),
            Request("POST", "/v1/bookings/\(booking)/extend", "{}"),
            Request("POST", "/v1/bookings/\(booking)/payments", Card.body(Card.good)),
        ]
        if let payment { requests.append(Request("GET", "/v1/payments/\(payment)")) }
        for request in requests {
            let answers = [
                try ask(request, as: other), try TestAPI.current.ask(request.by(TestAPI.token(other))),
            ]
            for answer in answers {
                #expect(answer.status == 404, "\(request.method) \(answer.text)", sourceLocation: sourceLocation)
            }
        }
        let list = try ask(Request("GET", "/v1/bookings?limit=100"), as: other)
        let ids = list["data"]?.elements.compactMap { $0["id"]?.text } ?? []
        #expect(list.status == 200 && !ids.contains(booking), sourceLocation: sourceLocation)
    }

    @Test("two ids that look alike are two users, with separate limits, bookings and payments")
    func lookalikes() async throws {
        let api = try TestAPI.current
        let event = try api.event(capacity: 1000, ",\"maxBookingsPerUser\":1")
        var seen: Set<ExactName> = []
        for (left, right) in ConfusableTexts.lookalikes {
            var paid: [(id: String, payment: String)] = []
            for user in [left, right] where seen.insert(ExactName(user)).inserted {
                let answer = try ask(
                    Request("POST", "/v1/bookings", event.claim(card: Card.good)), as: user)
                #expect(answer.status == 201, "\(user): \(answer.text)")
                let again = try ask(Request("POST", "/v1/bookings", event.claim()), as: user)
                again.expectProblem(409, "already-booked")
                paid.append((answer.id, answer["payment"]?["id"]?.text ?? ""))
            }
            guard paid.count == 2 else { continue }
            try expectHidden(paid[0].id, payment: paid[0].payment, from: right)
            try expectHidden(paid[1].id, payment: paid[1].payment, from: left)
        }
        try await expectAgreement(event)
    }

    @Test("ids that are not in NFC are refused; their NFC forms are accepted")
    func equivalents() throws {
        let api = try TestAPI.current
        let event = try api.event(capacity: 1000)
        for (normal, other) in ConfusableTexts.equivalents {
            let claim = Request("POST", "/v1/bookings", event.claim())
            try ask(claim, as: other).expectProblem(400, "invalid-request")
            try api.ask(claim.by(TestAPI.token(other))).expectProblem(401, "unauthorized")
            #expect(try ask(claim, as: normal).status == 201)
        }
    }

    @Test("ids from before the rules stay distinct in both stores, for reads, audit, repair and verify")
    func stored() async throws {
        let api = try TestAPI.current
        let event = try api.event(capacity: 1000, ",\"maxBookingsPerUser\":1")
        for (normal, other) in ConfusableTexts.equivalents {
            let mine = try await api.claim(event, asStored: UserID(stored: normal))
            let theirs = try await api.claim(event, asStored: UserID(stored: other))
            try expectHidden(theirs, from: normal)
            #expect(try ask(Request("GET", "/v1/bookings/\(mine)"), as: normal).status == 200)
            let shown = try api.ask(Request("GET", "/v1/bookings/\(theirs)").by(TestAPI.admin))
            #expect(shown["userId"]?.text?.utf8.elementsEqual(other.utf8) == true, "administrators see it")
        }
        try await expectAgreement(event)
        let repaired = try api.ask(
            Request("POST", "/v1/admin/audit/events/\(event.id)/repair?dryRun=false", "{}").by(TestAPI.admin))
        #expect(repaired["actions"]?.elements.isEmpty == true, "\(repaired.text)")
        let verified = try verify()
        #expect(verified.code == 0, "\(verified.said)")
    }

    @Test("a booking that left Redis is loaded for its owner, not for a user with an equivalent id")
    func reloaded() async throws {
        let api = try TestAPI.current
        let event = try api.event()
        let owner = "ren\u{e9}-\(UUID().uuidString)"
        let held = try api.claim(event, by: TestAPI.token(owner), card: Card.good)
        #expect(held["status"]?.text == "CONFIRMED", "\(held.text)")
        let name = owner.replacing("\u{e9}", with: "e\u{301}")
        try await api.execute("UPDATE bookings SET user_id = '\(name)' WHERE id = '\(held.id)'")
        try await api.forget(held.id)
        let gone = try api.ask(Request("DELETE", "/v1/bookings/\(held.id)").by(TestAPI.token(owner)))
        gone.expectProblem(404, "booking-not-found")
        #expect(try api.booking(held.id, by: TestAPI.token(owner)).status == 404)
    }

    @Test("a search finds titles in either spelling, and searches that look alike are not mixed up")
    func search() async throws {
        let api = try TestAPI.current
        let mark = UUID().uuidString.prefix(8)
        func event(_ title: String) throws {
            let body = """
                {"title":"\(title)","startsAt":"2031-05-01T18:00:00Z","currency":"USD","publish":true,
                 "tiers":[{"name":"Standing","kind":"general","unitAmount":1,"capacity":1}]}
                """
            #expect(try api.ask(Request("POST", "/v1/events", body).by(TestAPI.admin)).status == 201)
        }
        try event("Beyonc\u{e9} \(mark)")
        try event("Beyonce\u{301} \(mark)")
        func total(_ search: String) throws -> Int64? {
            let escaped = search.utf8.map { String(format: "%%%02X", $0) }.joined()
            return try api.ask(Request("GET", "/v1/events?search=\(escaped)"))["total"]?.integer
        }
        for _ in 0..<3 {
            #expect(try total("Beyonc\u{e9} \(mark)") == 2)
            #expect(try total("Beyonce\u{301} \(mark)") == 2)
            #expect(try total("BEYONCE\u{301} \(mark)") == 2)
        }
        // A combining mark does not hide a wildcard, and two searches that only look the same are distinct.
        #expect(try total("%\u{301}\(mark)") == 0)
        #expect(try total("\u{661}\(mark)") == 0)
        #expect(try total(String(repeating: "\u{44f}", count: 200)) == 0)
        let long = String(repeating: "%D1%8F", count: 201)
        try api.ask(Request("GET", "/v1/events?search=\(long)")).expectProblem(400, "invalid-request")
    }

    @Test("a change of only the spelling of a title is a change")
    func title() throws {
        let api = try TestAPI.current
        let event = try api.event()
        for title in ["Beyonc\u{e9}", "Beyonce\u{301}", "Beyonc\u{e9}"] {
            let answer = try api.ask(
                Request("PATCH", "/v1/events/\(event.id)", "{\"title\":\"\(title)\"}").by(TestAPI.admin))
            #expect(answer.status == 200)
            let read = try api.ask(Request("GET", "/v1/events/\(event.id)").by(TestAPI.admin))
            #expect(read["title"]?.text?.utf8.elementsEqual(title.utf8) == true)
        }
    }

    @Test("sections, rows and seats with canonically equivalent names are distinct, and sold separately")
    func hall() throws {
        let api = try TestAPI.current
        let names = ["\u{e9}", "e\u{301}"]
        let sections = names.map { section in
            let rows = names.map { "{\"name\":\"\($0)\",\"seats\":[\"\(names[0])\",\"\(names[1])\"]}" }
            return "{\"name\":\"\(section)\",\"rows\":[\(rows.joined(separator: ","))]}"
        }
        let venue = try api.ask(
            Request("POST", "/v1/venues", "{\"name\":\"Hall\",\"sections\":[\(sections.joined(separator: ","))]}")
                .by(TestAPI.admin))
        try #require(venue.status == 201, "\(venue.text)")
        let tiers = names.map { "{\"name\":\"\($0)\",\"kind\":\"seated\",\"unitAmount\":1,\"sections\":[\"\($0)\"]}" }
        let event = try api.ask(
            Request(
                "POST", "/v1/events",
                """
                {"title":"Seats","startsAt":"2031-05-01T18:00:00Z","currency":"USD","publish":true,
                 "venueId":"\(venue.id)","tiers":[\(tiers.joined(separator: ","))]}
                """
            ).by(TestAPI.admin))
        try #require(event.status == 201, "\(event.text)")
        let seats = try api.ask(Request("GET", "/v1/events/\(event.id)/seats"))["seats"]?.elements ?? []
        #expect(seats.count == 8)
        let signs = seats.map { seat in
            ["section", "row", "number"].map { Array((seat[$0]?.text ?? "").utf8) }
        }
        #expect(Set(signs).count == 8, "every name is returned byte for byte")
    }

    @Test("members, parameters and roles are compared exactly, not by canonical equivalence")
    func names() throws {
        let api = try TestAPI.current
        let event = try api.event()
        let user = TestAPI.newUser()
        // The Kelvin sign is canonically equivalent to K: this is not the idempotency key, but an unknown member.
        let body = event.claim(more: ",\"idempotency\u{212a}ey\":\"abc\"")
        try api.ask(Request("POST", "/v1/bookings", body).by(user)).expectProblem(400, "invalid-request")
    }
}

/// A text that is compared by its bytes.
private struct ExactName: Hashable {
    let bytes: [UInt8]

    init(_ text: String) { bytes = Array(text.utf8) }
}
