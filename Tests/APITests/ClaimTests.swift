import Foundation
import JSON
import Testing

extension ContractTests {
    @Suite("Claims")
    struct ClaimTests {
        @Test("a claim returns the whole booking, its location, and the availability")
        func held() async throws {
            let api = try TestAPI.current
            let event = try api.event(capacity: 5, price: 1250)
            let ann = TestAPI.newUser()
            let answer = try api.claim(event, 3, by: ann)
            #expect(answer.status == 201 && answer.headers["content-type"] == "application/json")
            #expect(answer.headers["location"] == "/v1/bookings/\(answer.id)")
            let members: Set = [
                "id", "eventId", "userId", "status", "items", "totalAmount", "currency", "expiresAt", "confirmedAt",
                "createdAt", "updatedAt", "version", "persisted", "payment", "reason",
            ]
            #expect(Set(answer.json?.names ?? []) == members.union(["availability"]))
            #expect(answer["items"]?[0]?.names == ["tierId", "quantity", "unitAmount", "seats"])
            #expect(answer["items"]?[0]?["quantity"]?.integer == 3)
            #expect(answer["totalAmount"]?.integer == 3750 && answer["currency"]?.text == "USD")
            #expect(answer["status"]?.text == "RESERVED" && answer["version"]?.integer == 1)
            #expect(answer["payment"]?.isNull == true && answer["reason"]?.isNull == true)
            #expect(answer["confirmedAt"]?.isNull == true)
            #expect(answer["availability"]?[0]?.names == ["tierId", "available"])
            #expect(answer["availability"]?[0]?["available"]?.integer == 2)
            let time = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/
            for name in ["expiresAt", "createdAt", "updatedAt"] {
                #expect(answer[name]?.text?.wholeMatch(of: time) != nil)
            }
            let read = try await api.until(
                { $0["persisted"]?.bool == true }, Request("GET", "/v1/bookings/\(answer.id)").by(ann))
            #expect(read.status == 200 && Set(read.json?.names ?? []) == members)
            #expect(read["persisted"]?.bool == true)
            #expect(UUID(uuidString: answer.id) != nil && answer.id == answer.id.lowercased())
        }

        @Test("an event is named by id, number or number as text; a tier named twice is one item")
        func names() throws {
            let api = try TestAPI.current
            let event = try api.event(",\"maxTicketsPerUser\":null")
            for name in ["\"\(event.id.uppercased())\"", "\(event.number)", "\"\(event.number)\""] {
                let item = "{\"tierId\":\"\(event.tier)\",\"quantity\":2}"
                let body = "{\"eventId\":\(name),\"items\":[\(item),\(item)]}"
                let answer = try api.ask(Request("POST", "/v1/bookings", body).by(TestAPI.newUser()))
                #expect(answer.status == 201 && answer["eventId"]?.text == event.id)
                #expect(answer["items"]?.elements.count == 1 && answer["items"]?[0]?["quantity"]?.integer == 4)
            }
        }

        @Test("all items or nothing")
        func allOrNothing() throws {
            let api = try TestAPI.current
            let body = """
                {"title":"Two","startsAt":"2031-05-01T18:00:00Z","currency":"USD","publish":true,"tiers":[
                 {"name":"A","kind":"general","unitAmount":1,"capacity":5},
                 {"name":"B","kind":"general","unitAmount":1,"capacity":1}]}
                """
            let made = try api.ask(Request("POST", "/v1/events", body).by(TestAPI.admin))
            let tiers = made["tiers"]?.elements.compactMap { $0["id"]?.text } ?? []
            let items = tiers.map { "{\"tierId\":\"\($0)\",\"quantity\":2}" }.joined(separator: ",")
            let claim = "{\"eventId\":\"\(made.id)\",\"items\":[\(items)]}"
            try api.ask(Request("POST", "/v1/bookings", claim).by(TestAPI.newUser()))
                .expectProblem(409, "not-enough-left")
            let left = try api.ask(Request("GET", "/v1/events/\(made.id)"))
            #expect(left["remainingTickets"]?.integer == 6)
        }

        @Test("ten concurrent claims for two units: two succeed, the others get held-by-others")
        func race() throws {
            let api = try TestAPI.current
            let event = try api.event(capacity: 2)
            let answers = try api.askAll(
                (0..<10).map { _ in Request("POST", "/v1/bookings", event.claim()).by(TestAPI.newUser()) })
            #expect(answers.count { $0.status == 201 } == 2)
            #expect(answers.count { $0.code == "held-by-others" } == 8)
            #expect(try api.left(event) == [0, 2, 0])
        }
    }
}
