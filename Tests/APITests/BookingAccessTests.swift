import Foundation
import Testing

extension ContractTests {
    @Suite("Access to bookings")
    struct BookingAccessTests {
        @Test("another user's booking, or an impossible id, is 404 for every action")
        func notFound() throws {
            let api = try TestAPI.current
            let held = try api.claim(try api.event(), by: TestAPI.newUser())
            let bob = TestAPI.newUser()
            let ids = [
                held.id, "abc", UUID().uuidString, "01900000-0000-7fff-8000-000000000000",
                "01900000-0000-7000-8000-000000000000",
            ]
            for id in ids {
                for request in [
                    Request("GET", "/v1/bookings/\(id)"), Request("DELETE", "/v1/bookings/\(id)"),
                    Request("POST", "/v1/bookings/\(id)/cancel"), Request("POST", "/v1/bookings/\(id)/extend", "{}"),
                    Request("POST", "/v1/bookings/\(id)/payments", Card.body(Card.good)),
                ] {
                    try api.ask(request.by(bob)).expectProblem(404, "booking-not-found")
                }
            }
            #expect(try api.booking(held.id, by: TestAPI.admin).status == 200)
        }

        @Test("a service acts for the user it names")
        func services() throws {
            let api = try TestAPI.current
            let event = try api.event()
            let name = "user-\(UUID().uuidString)"
            let claim = Request("POST", "/v1/bookings", event.claim()).with("X-API-Key", "box-office-key-of-tests")
            try api.ask(claim).expectProblem(400, "invalid-request")
            let held = try api.ask(claim.with("X-On-Behalf-Of", name))
            #expect(held.status == 201 && held["userId"]?.text == name)
            #expect(try api.booking(held.id, by: TestAPI.token(name)).status == 200)
            let read = Request("GET", "/v1/bookings/\(held.id)").with("X-API-Key", "box-office-key-of-tests")
            #expect(try api.ask(read.with("X-On-Behalf-Of", name)).status == 200)
            try api.ask(read.with("X-On-Behalf-Of", "bob")).expectProblem(404, "booking-not-found")
            let unknown = try api.ask(Request("GET", "/v1/bookings").with("X-API-Key", "wrong"))
            unknown.expectProblem(401, "unauthorized")
            #expect(unknown.headers["www-authenticate"] != nil)
        }

        @Test("without valid credentials nothing is returned")
        func unauthorized() throws {
            let api = try TestAPI.current
            let held = try api.claim(try api.event(), by: TestAPI.newUser())
            for request in [
                Request("GET", "/v1/bookings"), Request("POST", "/v1/bookings", "{}"),
                Request("GET", "/v1/bookings/\(held.id)"), Request("DELETE", "/v1/bookings/\(held.id)"),
            ] {
                for request in [request, request.by("x.y.z"), request.with("Authorization", "Basic YTpi")] {
                    let answer = try api.ask(request)
                    answer.expectProblem(401, "unauthorized")
                    #expect(answer.headers["www-authenticate"]?.hasPrefix("Bearer") == true)
                }
            }
        }
    }
}
