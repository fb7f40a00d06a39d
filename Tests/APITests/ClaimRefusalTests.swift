import Foundation
import RedisClient
import Testing

extension ContractTests {
    @Suite("Refused claims")
    struct ClaimRefusalTests {
        @Test("units that others hold are held-by-others, sold ones are sold-out")
        func soldAndHeld() throws {
            let api = try TestAPI.current
            let event = try api.event(capacity: 2)
            let ann = TestAPI.newUser()
            let held = try api.claim(event, 2, by: ann)
            let others = try api.claim(event, 1, by: TestAPI.newUser())
            others.expectProblem(409, "held-by-others")
            #expect(others["retryAt"]?.text == held["expiresAt"]?.text)
            let seconds = Int(others.headers["retry-after"] ?? "") ?? 0
            #expect((500...600).contains(seconds))
            try api.claim(event, 3, by: TestAPI.newUser()).expectProblem(409, "not-enough-left")
            #expect(try api.act("payments", held.id, Card.body(Card.good), by: ann).status == 200)
            try api.claim(event, 1, by: TestAPI.newUser()).expectProblem(409, "sold-out")
            #expect(try api.ask(Request("DELETE", "/v1/bookings/\(held.id)").by(ann)).status == 200)
            #expect(try api.claim(event, 2, by: TestAPI.newUser()).status == 201)
        }

        @Test("limits count live holds, and cancelling frees them")
        func limits() throws {
            let api = try TestAPI.current
            let event = try api.event(",\"maxTicketsPerUser\":3,\"maxBookingsPerUser\":2")
            let ann = TestAPI.newUser()
            let first = try api.claim(event, 2, by: ann)
            #expect(first.status == 201)
            try api.claim(event, 2, by: ann).expectProblem(409, "ticket-limit")
            #expect(try api.claim(event, 1, by: ann).status == 201)
            let one = try api.event(",\"maxBookingsPerUser\":1")
            #expect(try api.claim(one, by: ann).status == 201)
            try api.claim(one, by: ann).expectProblem(409, "already-booked")
            #expect(try api.claim(one, by: TestAPI.newUser()).status == 201)
            #expect(try api.act("cancel", first.id, by: ann).status == 200)
            #expect(try api.claim(event, 2, by: ann).status == 201)
        }

        @Test("a sale that has not opened or is over is refused; so is a cancelled event's")
        func windows() async throws {
            let api = try TestAPI.current
            let future = try api.event(",\"salesOpenAt\":\"2030-01-31T20:00:00.5+01:00\"")
            let early = try api.claim(future, by: TestAPI.newUser())
            early.expectProblem(409, "sales-not-open")
            #expect(early["opensAt"]?.text == "2030-01-31T19:00:00.500Z")
            let past = try api.event(",\"salesCloseAt\":\"2020-01-01T00:00:00Z\"")
            try api.claim(past, by: TestAPI.newUser()).expectProblem(409, "sales-closed")
            let gone = try api.event()
            try await api.change(of: gone.id) { $0[0] = "cancelled" }
            try api.claim(gone, by: TestAPI.newUser()).expectProblem(409, "event-cancelled")
        }

        @Test("an unknown event is 404; another event's tier is 400 with a pointer")
        func unknown() throws {
            let api = try TestAPI.current
            let event = try api.event()
            let other = try api.event()
            for id in ["\"\(UUID().uuidString)\"", "99999999", "\"99999999\""] {
                let body = "{\"eventId\":\(id),\"items\":[{\"tierId\":\"\(event.tier)\",\"quantity\":1}]}"
                try api.ask(Request("POST", "/v1/bookings", body).by(TestAPI.newUser()))
                    .expectProblem(404, "event-not-found")
            }
            let items = [event.tier, other.tier].map { "{\"tierId\":\"\($0)\",\"quantity\":1}" }
            let body = "{\"eventId\":\"\(event.id)\",\"items\":[\(items.joined(separator: ","))]}"
            let answer = try api.ask(Request("POST", "/v1/bookings", body).by(TestAPI.newUser()))
            answer.expectProblem(400, "invalid-request")
            #expect(answer.pointers == ["/items/1/tierId"])
        }
    }
}
