import BoxOffice
import JSON
import RedisClient
import Support
import Testing

extension Answer {
    /// The ids of a list's bookings.
    var listed: [String] { self["data"]?.elements.compactMap { $0["id"]?.text } ?? [] }
    /// One booking of a list.
    func listed(_ id: String) -> JSONValue? { self["data"]?.elements.first { $0["id"]?.text == id } }
}

@Suite("Lists while nothing is persisted", .api { $0.persistWait = .milliseconds(60) }, .serialized)
struct IncompleteListTests {
    /// Waits until everything that was answered is persisted.
    private func persisted(_ api: TestAPI, _ user: String) async throws -> Answer {
        let list = try await api.until({ $0["complete"]?.bool == true }, Request("GET", "/v1/bookings").by(user))
        #expect(list["complete"]?.bool == true)
        return list
    }

    private func list(_ api: TestAPI, _ user: String, _ query: String = "") throws -> Answer {
        let answer = try api.ask(Request("GET", "/v1/bookings?\(query)").by(user))
        try #require(answer.status == 200, "\(answer.text)")
        return answer
    }

    @Test("they are marked incomplete, and have what this process booked and changed, in its present state")
    func own() async throws {
        let api = try TestAPI.current
        let event = try api.event(",\"maxTicketsPerUser\":null")
        let ann = TestAPI.newUser()
        let kept = try api.claim(event, by: ann)
        let paid = try api.claim(event, 2, by: ann)
        #expect(try await persisted(api, ann).listed == [paid.id, kept.id].sorted(by: >))
        await api.stopReconciler()
        let held = try api.claim(event, by: ann)
        #expect(try api.act("payments", paid.id, Card.body(Card.good), by: ann).status == 202)
        #expect(try api.act("cancel", kept.id, by: ann).status == 202)
        let all = try list(api, ann)
        #expect(all["complete"]?.bool == false)
        #expect(all.listed == [held.id, paid.id, kept.id].sorted(by: >))
        for (id, status) in [(held.id, "RESERVED"), (paid.id, "CONFIRMED"), (kept.id, "CANCELLED")] {
            #expect(all.listed(id)?["status"]?.text == status && all.listed(id)?["persisted"]?.bool == false)
        }
        // A booking that has another status in PostgreSQL is not in the list of that status.
        #expect(try list(api, ann, "status=RESERVED").listed == [held.id])
        #expect(try list(api, ann, "status=CONFIRMED").listed == [paid.id])
        #expect(try list(api, ann, "status=CANCELLED&eventId=\(event.number)").listed == [kept.id])
        #expect(try list(api, TestAPI.newUser()).listed == [])
        let old = try api.ask(Request("GET", "/api/bookings").by(ann))
        #expect(old.status == 200 && old.json?.elements.compactMap { $0["id"]?.text } == all.listed)
        #expect(old.headers["x-complete"] == "false")
        let everybody = try api.ask(Request("GET", "/v1/admin/bookings?eventId=\(event.id)").by(TestAPI.admin))
        #expect(everybody.status == 200 && everybody["complete"]?.bool == false && everybody.listed == all.listed)
        #expect(try api.ask(Request("GET", "/v1/payments").by(TestAPI.admin))["complete"]?.bool == false)
        await api.startReconciler()
        try await api.untilReady()
        let after = try await api.until({ $0["complete"]?.bool == true }, Request("GET", "/v1/bookings").by(ann))
        #expect(after.listed == all.listed && after.listed(paid.id)?["persisted"]?.bool == true)
    }

    @Test("pages have each booking once, wherever it is stored, and keep their length")
    func pages() async throws {
        let api = try TestAPI.current
        let event = try api.event(",\"maxTicketsPerUser\":null")
        let ann = TestAPI.newUser()
        var ids: [String] = []
        for _ in 0..<7 { ids.append(try api.claim(event, by: ann).id) }
        _ = try await persisted(api, ann)
        await api.stopReconciler()
        for _ in 0..<6 { ids.append(try api.claim(event, by: ann).id) }
        for id in [ids[1], ids[4], ids[9]] { #expect(try api.act("cancel", id, by: ann).status == 202) }
        let expected = ids.filter { ![ids[1], ids[4], ids[9]].contains($0) }.sorted(by: >)
        for limit in [1, 3, 4, 10] {
            var paged: [String] = []
            var cursor = ""
            repeat {
                let page = try list(api, ann, "status=RESERVED&limit=\(limit)&cursor=\(cursor)")
                cursor = page["nextCursor"]?.text ?? ""
                #expect(cursor.isEmpty || page.listed.count == limit)
                paged += page.listed
            } while !cursor.isEmpty
            #expect(paged == expected, "limit \(limit)")
        }
        await api.startReconciler()
        try await api.untilReady()
    }

    @Test("a hold past its end is expired in every list, released or not")
    func expired() async throws {
        let api = try TestAPI.current
        let event = try api.event(",\"holdSeconds\":1,\"maxTicketsPerUser\":null")
        let ann = TestAPI.newUser()
        let old = try api.claim(event, by: ann)
        let other = try api.claim(event, by: ann)
        _ = try await persisted(api, ann)
        await api.stopReconciler()
        let held = try api.claim(event, by: ann)
        let ids = [held.id, other.id, old.id].sorted(by: >)
        let gone = try await api.until({ $0.listed.isEmpty }, Request("GET", "/v1/bookings?status=RESERVED").by(ann))
        #expect(gone.listed == [])
        let expired = try list(api, ann, "status=EXPIRED")
        #expect(expired.listed == ids)
        for id in ids {
            #expect(expired.listed(id)?["status"]?.text == "EXPIRED" && expired.listed(id)?["persisted"]?.bool == false)
            #expect(expired.listed(id)?["reason"]?.text == "hold-expired")
        }
        #expect(try list(api, ann).listed == ids)
        await api.startReconciler()
        try await api.untilReady()
    }

    @Test("a booking that became a dead letter is in its owner's list, which is not complete")
    func deadLetter() async throws {
        let api = try TestAPI.current
        let event = try api.event()
        let ann = TestAPI.newUser()
        let bob = TestAPI.newUser()
        // PostgreSQL cannot store what is in Redis.
        try await api.execute("ALTER TABLE bookings ADD CONSTRAINT no_threes CHECK (total_amount <> \(3 * 4999))")
        let held = try api.claim(event, 3, by: ann)
        #expect(try api.claim(event, by: bob).status == 201)
        let list = try await api.until({ $0.listed == [held.id] }, Request("GET", "/v1/bookings").by(ann))
        #expect(list["complete"]?.bool == false && list.listed == [held.id])
        #expect(list.listed(held.id)?["persisted"]?.bool == false)
        _ = try await persisted(api, bob)
        let everybody = Request("GET", "/v1/admin/bookings").by(TestAPI.admin)
        #expect(try api.ask(everybody)["complete"]?.bool == false)
        try await api.execute("ALTER TABLE bookings DROP CONSTRAINT no_threes")
        try await api.execute("UPDATE dead_letters SET replayed_at = now()")
        #expect(try await api.until({ $0["complete"]?.bool == true }, everybody)["complete"]?.bool == true)
    }

    @Test("they are incomplete while a partition recovers, or if this Redis is not the current one")
    func recovering() async throws {
        let api = try TestAPI.current
        let event = try api.event()
        let ann = TestAPI.newUser()
        let held = try api.claim(event, by: ann)
        _ = try await persisted(api, ann)
        await api.stopReconciler()
        _ = try await persisted(api, ann)
        let number = BookingID(stored: try #require(UUIDBytes(held.id))).partition.number
        try await api.execute("UPDATE partitions SET epoch = epoch + 1 WHERE id = \(number)")
        let stale = try list(api, ann)
        #expect(stale["complete"]?.bool == false && stale.listed == [held.id])
        await api.startReconciler()
        try await api.untilReady()
        let after = try await api.until({ $0["complete"]?.bool == true }, Request("GET", "/v1/bookings").by(ann))
        #expect(after.listed == [held.id])
    }
}

@Suite(
    "Lists without a store",
    .api {
        $0.ownsPostgres = true
        $0.persistWait = .milliseconds(60)
    }, .serialized)
struct StoreAwayListTests {
    @Test("without PostgreSQL they are 200 with what this process booked")
    func postgres() async throws {
        let api = try TestAPI.current
        let event = try api.event()
        let ann = TestAPI.newUser()
        let first = try api.claim(event, by: ann)
        api.postgresServer.stop()
        let second = try api.claim(event, by: ann)
        let list = try api.ask(Request("GET", "/v1/bookings?limit=1").by(ann))
        #expect(list.status == 200 && list["complete"]?.bool == false && list.listed == [second.id])
        let rest = try api.ask(
            Request("GET", "/v1/bookings?limit=1&cursor=\(list["nextCursor"]?.text ?? "")").by(ann))
        #expect(rest.listed == [first.id] && rest["nextCursor"]?.isNull == true)
        // Only PostgreSQL maps a number to an event.
        for path in [
            "/v1/admin/bookings", "/v1/payments", "/v1/bookings?eventId=987654", "/v1/admin/bookings?eventId=987654",
            "/v1/payments?eventId=987654",
        ] {
            let answer = try api.ask(Request("GET", path).by(TestAPI.admin))
            #expect(answer.status == 200 && answer["complete"]?.bool == false, "\(path)")
        }
        #expect(try api.ask(Request("GET", "/v1/admin/bookings").by(TestAPI.admin)).listed.contains(second.id))
        let unknown = try api.ask(Request("GET", "/v1/admin/bookings?email=ann@example.com").by(TestAPI.admin))
        #expect(unknown.status == 200 && unknown["complete"]?.bool == false)
        // A file without bookings would be taken for complete.
        let table = Request("GET", "/v1/admin/bookings").with("Accept", "text/csv").by(TestAPI.admin)
        try api.ask(table).expectProblem(503, "inventory-unavailable")
        try api.postgresServer.start()
        let whole = try await api.until({ $0["complete"]?.bool == true }, Request("GET", "/v1/bookings").by(ann))
        #expect(Set(whole.listed) == [first.id, second.id])
    }

    @Test("a PostgreSQL that hangs does not make a list hang")
    func hanging() async throws {
        let api = try TestAPI.current
        let event = try api.event()
        let ann = TestAPI.newUser()
        let held = try api.claim(event, by: ann)
        api.postgresServer.suspend()
        for _ in 0..<3 {
            let list = try api.ask(Request("GET", "/v1/bookings").by(ann))
            #expect(list.status == 200 && list["complete"]?.bool == false && list.listed == [held.id])
        }
        api.postgresServer.resume()
        let whole = try await api.until({ $0["complete"]?.bool == true }, Request("GET", "/v1/bookings").by(ann))
        #expect(whole.listed == [held.id])
    }

    @Test("without Redis they have what PostgreSQL has")
    func redis() async throws {
        let api = try TestAPI.current
        let event = try api.event()
        let ann = TestAPI.newUser()
        let held = try api.claim(event, by: ann)
        let before = try await api.until({ $0["complete"]?.bool == true }, Request("GET", "/v1/bookings").by(ann))
        #expect(before.listed == [held.id])
        api.redisServer.stop()
        let list = try await api.until({ $0["complete"]?.bool == false }, Request("GET", "/v1/bookings").by(ann))
        #expect(list.status == 200 && list.listed == [held.id])
        try api.redisServer.start()
        let whole = try await api.until({ $0["complete"]?.bool == true }, Request("GET", "/v1/bookings").by(ann))
        #expect(whole.listed == [held.id])
    }
}
