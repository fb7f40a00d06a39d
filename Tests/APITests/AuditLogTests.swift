import Foundation
import HTTP
import JSON
import Support
import Testing

@testable import API

/// The entries of a query, newest first.
private func entries(_ query: String, in api: TestAPI) throws -> [JSONValue] {
    let answer = try api.ask(Request("GET", "/v1/admin/audit-log?\(query)").by(TestAPI.admin))
    try #require(answer.status == 200, "\(answer.text)")
    return answer["data"]?.elements ?? []
}

@Suite("The audit log", .api())
struct AuditLogTests {
    @Test("an administrator's changes of an event are logged before the answer, with before and after")
    func event() throws {
        let api = try TestAPI.current
        let event = try api.event(capacity: 5)
        let path = "/v1/events/\(event.id)"
        #expect(try api.ask(Request("PATCH", path, "{\"title\":\"Opera\"}").by(TestAPI.admin)).status == 200)
        // The path has the event's number: the subject is its id anyway.
        let cancel = Request("POST", "/v1/events/\(event.number)/cancel", "{}").by(TestAPI.admin)
        #expect(try api.ask(cancel.with("X-Request-Id", "cancel-1")).status == 200)
        let found = try entries("subject=\(event.id)", in: api)
        #expect(found.map { $0["action"]?.text } == ["events.cancel", "events.update", "events.create"])
        #expect(found.allSatisfy { $0["outcome"]?.text == "done" && $0["actor"]?["id"]?.text == "admin" })
        #expect(found.allSatisfy { $0["actor"]?["kind"]?.text == "user" && $0["address"]?.text == "127.0.0.1" })
        #expect(found[0]["requestId"]?.text == "cancel-1")
        #expect(found[0]["before"]?["status"]?.text == "published" && found[0]["after"]?["status"]?.text == "cancelled")
        #expect(found[1]["before"]?["title"]?.text == "Concert" && found[1]["after"]?["title"]?.text == "Opera")
        #expect(found[2]["before"]?.isNull == true && found[2]["after"]?["title"]?.text == "Concert")
    }

    @Test("venues, blocks, repairs and publications are logged too")
    func others() throws {
        let api = try TestAPI.current
        let event = try api.event(capacity: 5, ",\"description\":\"x\"")
        func ask(_ method: String, _ path: String, _ body: String? = nil) throws -> Answer {
            try api.ask(Request(method, path, body).by(TestAPI.admin))
        }
        let venue = try ask(
            "POST", "/v1/venues",
            "{\"name\":\"Hall\",\"sections\":[{\"name\":\"A\",\"rows\":[{\"name\":\"1\",\"seats\":[\"1\"]}]}]}")
        #expect(try entries("subject=\(venue.id)", in: api).first?["after"]?["seatCount"]?.integer == 1)
        let block = try ask("POST", "/v1/events/\(event.id)/blocks", "{\"tierId\":\"\(event.tier)\",\"quantity\":2}")
        #expect(try ask("DELETE", "/v1/events/\(event.id)/blocks/\(block.id)").status == 204)
        let blocks = try entries("subject=\(block.id)", in: api)
        #expect(blocks.map { $0["action"]?.text } == ["events.blocks.delete", "events.blocks.create"])
        #expect(blocks[1]["after"]?["quantity"]?.integer == 2)
        #expect(try ask("POST", "/v1/admin/audit/events/\(event.id)/repair").status == 200)
        #expect(try ask("POST", "/v1/events/\(event.id)/publish").status == 200)
        let found = try entries("subject=\(event.id)&limit=2", in: api)
        #expect(found.map { $0["action"]?.text } == ["events.publish", "audit.events.repair"])
        #expect(found[1]["reason"]?.text == "dry run")
    }

    @Test("a refused write is logged with its reason, and changes nothing")
    func refused() throws {
        let api = try TestAPI.current
        let event = try api.event(capacity: 5)
        let stale = Request("PATCH", "/v1/events/\(event.id)", "{\"title\":\"Opera\"}").by(TestAPI.admin)
        #expect(try api.ask(stale.with("If-Match", "\"99\"")).status == 412)
        let found = try #require(try entries("subject=\(event.id)", in: api).first)
        #expect(found["outcome"]?.text == "refused" && found["reason"]?.text == "precondition-failed")
        #expect(found["after"]?.isNull == true)
    }

    @Test("refused calls of administrators' routes and failed logins are logged, without e-mail addresses")
    func strangers() async throws {
        let api = try TestAPI.current
        let id = "mallory-\(UUID().uuidString)"
        let event = try api.event(capacity: 5)
        let cancel = Request("POST", "/v1/events/\(event.id)/cancel", "{}")
        #expect(try api.ask(cancel.by(TestAPI.token(id))).status == 403)
        #expect(try api.ask(Request("GET", "/v1/admin/overview").by(TestAPI.token(id))).status == 403)
        let login = "{\"email\":\"nobody@example.com\",\"password\":\"a password 1\"}"
        let failed = Request("POST", "/v1/auth/login", login).with("X-Request-Id", "login-\(id)")
        #expect(try api.ask(failed).status == 401)
        _ = try await api.until(
            { $0["data"]?.elements.count == 2 },
            Request("GET", "/v1/admin/audit-log?actor=\(id)").by(TestAPI.admin))
        let found = try entries("actor=\(id)", in: api)
        #expect(Set(found.map { $0["action"]?.text }) == ["events.cancel", "overview.read"])
        #expect(found.allSatisfy { $0["outcome"]?.text == "refused" && $0["reason"]?.text == "forbidden" })
        let logins = try await api.until(
            { $0["data"]?.elements.contains { $0["requestId"]?.text == "login-\(id)" } == true },
            Request("GET", "/v1/admin/audit-log?action=auth.login").by(TestAPI.admin))
        #expect(logins["data"]?[0]?["reason"]?.text == "invalid-credentials")
        #expect(logins["data"]?[0]?["actor"]?["id"]?.isNull == true)
        #expect(!logins.text.contains("nobody@example.com"))
    }

    @Test("a service's bookings are logged soon after, with the user that they are for")
    func service() async throws {
        let api = try TestAPI.current
        let event = try api.event(capacity: 5)
        let user = "user-\(UUID().uuidString)"
        let booked = try api.ask(
            Request("POST", "/v1/bookings", event.claim()).with("X-API-Key", "box-office-key-of-tests")
                .with("X-On-Behalf-Of", user))
        #expect(booked.status == 201)
        let found = try await api.until(
            { $0["data"]?.elements.count == 1 },
            Request("GET", "/v1/admin/audit-log?subject=\(booked.id)").by(TestAPI.admin))
        #expect(found["data"]?[0]?["actor"]?["kind"]?.text == "service")
        #expect(found["data"]?[0]?["actor"]?["id"]?.text == "box-office")
        #expect(found["data"]?[0]?["action"]?.text == "bookings.create")
        #expect(found["data"]?[0]?["reason"]?.text == "on behalf of \(user)")
    }

    @Test("a service's reserve call is logged with the booking and the user that it is for")
    func reserved() async throws {
        let api = try TestAPI.current
        let event = try api.event(capacity: 5)
        let user = "user-\(UUID().uuidString)"
        let body = "{\"event_id\":\(event.number),\"user_id\":\"\(user)\"}"
        let reserve = Request("POST", "/api/bookings/reserve", body).with("X-API-Key", "box-office-key-of-tests")
        let booked = try api.ask(reserve)
        try #require(booked.status == 201, "\(booked.text)")
        let found = try await api.until(
            { $0["data"]?.elements.count == 1 },
            Request("GET", "/v1/admin/audit-log?subject=\(booked.id)").by(TestAPI.admin))
        #expect(found["data"]?[0]?["subject"]?["kind"]?.text == "booking")
        #expect(found["data"]?[0]?["actor"]?["id"]?.text == "box-office")
        #expect(found["data"]?[0]?["reason"]?.text == "on behalf of \(user)")
    }

    @Test("pages follow each other without a gap; customers may not read the log")
    func pages() throws {
        let api = try TestAPI.current
        let event = try api.event(capacity: 5)
        for title in 1...4 {
            let change = Request("PATCH", "/v1/events/\(event.id)", "{\"title\":\"T\(title)\"}").by(TestAPI.admin)
            #expect(try api.ask(change).status == 200)
        }
        var titles: [String?] = []
        var cursor = ""
        repeat {
            let path = "/v1/admin/audit-log?subject=\(event.id)&action=events&limit=2&cursor=\(cursor)"
            let page = try api.ask(Request("GET", path).by(TestAPI.admin))
            titles += page["data"]?.elements.map { $0["after"]?["title"]?.text } ?? []
            cursor = page["nextCursor"]?.text ?? ""
        } while !cursor.isEmpty
        #expect(titles == ["T4", "T3", "T2", "T1", "Concert"])
        try api.ask(Request("GET", "/v1/admin/audit-log").by(TestAPI.newUser())).expectProblem(403, "forbidden")
        try api.ask(Request("GET", "/v1/admin/audit-log?cursor=x").by(TestAPI.admin))
            .expectProblem(400, "invalid-request")
    }

    @Test("actions are named by their routes")
    func names() {
        let router = Router()
        for (method, path) in [
            (HTTPMethod.post, "/v1/events"), (.post, "/v1/events/{id}/publish"), (.patch, "/v1/events/{id}"),
            (.delete, "/v1/events/{id}/blocks/{block}"), (.get, "/v1/admin/overview"),
        ] {
            router.add(method, path, .administrators) { _ in HTTPResponse(status: 204) }
        }
        let actions = router.routes.map { AuditAction($0) }
        #expect(
            actions.map(\.name) == [
                "events.create", "events.publish", "events.update", "events.blocks.delete", "overview.read",
            ])
        #expect(actions.allSatisfy { $0.isAdministrative })
    }
}

@Suite(
    "The audit log without PostgreSQL",
    .api {
        $0.ownsPostgres = true
        $0.persistWait = .milliseconds(100)
    }, .serialized)
struct AuditLogAwayTests {
    @Test("an administrator's write is refused before it runs; a service's claim is logged later")
    func away() async throws {
        let api = try TestAPI.current
        let event = try api.event(capacity: 5)
        api.postgresServer.stop()
        let block = Request(
            "POST", "/v1/events/\(event.id)/blocks", "{\"tierId\":\"\(event.tier)\",\"quantity\":2}")
        try api.ask(block.by(TestAPI.admin)).expectProblem(503, "inventory-unavailable")
        #expect(try api.left(event) == [5, 0, 0])
        let booked = try api.ask(
            Request("POST", "/v1/bookings", event.claim()).with("X-API-Key", "box-office-key-of-tests")
                .with("X-On-Behalf-Of", "ann"))
        #expect(booked.status == 201)
        try api.postgresServer.start()
        let found = try await api.until(
            { $0["data"]?.elements.count == 1 },
            Request("GET", "/v1/admin/audit-log?subject=\(booked.id)").by(TestAPI.admin))
        #expect(found["data"]?[0]?["outcome"]?.text == "done")
    }
}

@Suite("The budget of refusals")
struct RefusalBudgetTests {
    @Test("a flood from one address leaves a few entries and one that counts the rest")
    func flood() {
        var budget = RefusalBudget()
        let admitted = (0..<10_000).count { budget.admits("192.0.2.1", now: Int64($0)) }
        #expect(admitted == RefusalBudget.perAddress)
        // Another address still has its own budget.
        let other = budget.admits("192.0.2.2", now: 10_000)
        #expect(other)
        #expect(budget.summaryTime == RefusalBudget.window)
        let text = budget.summary() ?? ""
        #expect(text.hasPrefix("9995 more") && text.hasSuffix("192.0.2.1 (9995)"), "\(text)")
        #expect(budget.summaryTime == nil)
        let afterwards = budget.admits("192.0.2.1", now: 70_000)
        #expect(afterwards)
    }

    @Test("a flood from many addresses is bounded in total")
    func addresses() {
        var budget = RefusalBudget()
        let admitted = (0..<100_000).count { budget.admits("host-\($0)", now: 0) }
        #expect(admitted == RefusalBudget.total)
        let text = budget.summary() ?? ""
        #expect(text.hasPrefix("\(100_000 - RefusalBudget.total) more"), "\(text)")
    }
}
