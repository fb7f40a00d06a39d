import Foundation
import JSON
import Testing

extension ContractTests {
    @Suite("Cancelling as an administrator")
    struct AdminCancelTests {
        /// A booking's entries in the audit log, newest first.
        private func audited(_ api: TestAPI, _ booking: String) throws -> [JSONValue] {
            try api.ask(Request("GET", "/v1/admin/audit-log?subject=\(booking)").by(TestAPI.admin))["data"]?.elements
                ?? []
        }

        @Test("any user's booking can be cancelled whole and in part; it is logged with its actor, and refunded")
        func anybodys() async throws {
            let api = try TestAPI.current
            let event = try api.event(capacity: 10)
            let ann = TestAPI.newUser()
            let calls: [(String, String, String?)] = [
                ("DELETE", "", nil), ("POST", "/cancel", "{\"reason\":\"asked by phone\"}"),
            ]
            for (method, suffix, body) in calls {
                let paid = try api.claim(event, 3, by: ann, card: Card.good)
                var request = Request(method, "/v1/bookings/\(paid.id)\(suffix)", body)
                request = request.by(TestAPI.admin)
                let cancelled = try api.ask(request)
                #expect(cancelled.status == 200 && cancelled["status"]?.text == "CANCELLED", "\(cancelled.text)")
                #expect(cancelled["reason"]?.text == "admin" && cancelled["userId"]?.text == paid["userId"]?.text)
                #expect(["REFUND_DUE", "REFUNDED"].contains(cancelled["payment"]?["status"]?.text))
                #expect(try api.booking(paid.id, by: ann)["reason"]?.text == "admin")
                let again = try api.ask(request)
                #expect(again.status == 200 && again["version"]?.integer == cancelled["version"]?.integer)
                let entry = try audited(api, paid.id).first { $0["outcome"]?.text == "done" }
                #expect(entry?["actor"]?["id"]?.text == "admin")
                if body != nil { #expect(entry?["reason"]?.text == "asked by phone") }
            }
            #expect(try api.left(event) == [10, 0, 0])
            let paid = try api.claim(event, 3, by: ann, card: Card.good)
            let part = try api.act(
                "items/\(event.tier)/cancel", paid.id, "{\"quantity\":1,\"reason\":\"a seat is broken\"}",
                by: TestAPI.admin)
            #expect(part.status == 200 && part["status"]?.text == "CONFIRMED" && part["reason"]?.isNull == true)
            #expect(part["totalAmount"]?.integer == 9998)
            let rest = try api.act("items/\(event.tier)/cancel", paid.id, by: TestAPI.admin)
            #expect(rest["status"]?.text == "CANCELLED" && rest["reason"]?.text == "admin")
            #expect(try audited(api, paid.id).contains { $0["reason"]?.text == "a seat is broken" })
            #expect(try api.left(event) == [10, 0, 0])
        }

        @Test("an administrator can cancel after the owner's deadline, whole and in part")
        func anyTime() async throws {
            let api = try TestAPI.current
            let event = try api.event(",\"cancelUntil\":\"2020-01-01T00:00:00Z\"")
            let ann = TestAPI.newUser()
            let paid = try api.claim(event, 3, by: ann, card: Card.good)
            let items = "items/\(event.tier)/cancel"
            for action in ["cancel", items] {
                try api.act(action, paid.id, by: ann).expectProblem(409, "cancellation-closed")
            }
            #expect(try api.act(items, paid.id, "{\"quantity\":1}", by: TestAPI.admin).status == 200)
            let cancelled = try api.ask(Request("DELETE", "/v1/bookings/\(paid.id)").by(TestAPI.admin))
            #expect(cancelled.status == 200 && cancelled["reason"]?.text == "admin")
        }

        @Test("an administrator's keys are separate from those of the booking's owner")
        func keys() async throws {
            let api = try TestAPI.current
            let event = try api.event(capacity: 10)
            let ann = TestAPI.newUser()
            let held = try api.claim(event, 4, by: ann)
            let path = "/v1/bookings/\(held.id)/items/\(event.tier)/cancel"
            let body = "{\"quantity\":1}"
            let mine = try api.ask(Request("POST", path, body).by(ann).keyed("one"))
            let theirs = try api.ask(Request("POST", path, body).by(TestAPI.admin).keyed("one"))
            #expect(mine.status == 200 && theirs.status == 200)
            #expect(theirs["version"]?.integer == (mine["version"]?.integer ?? 0) + 1)
            try api.ask(Request("POST", path, body).by(TestAPI.admin).keyed("one")).expectReplay(of: theirs)
            try api.ask(Request("POST", path, body).by(ann).keyed("one")).expectReplay(of: mine)
            try api.ask(Request("POST", path, "{\"quantity\":2}").by(TestAPI.admin).keyed("one"))
                .expectProblem(422, "idempotency-key-reused")
        }

        @Test("not privileged: reasons by others, the drop-in route, paying and extending")
        func limits() async throws {
            let api = try TestAPI.current
            let event = try api.event(capacity: 10)
            let ann = TestAPI.newUser()
            let held = try api.claim(event, by: ann)
            let path = "/v1/bookings/\(held.id)"
            let reason = "{\"reason\":\"because\"}"
            try api.ask(Request("POST", "\(path)/cancel", reason).by(ann)).expectProblem(400, "invalid-request")
            let long = "{\"reason\":\"\(String(repeating: "x", count: 501))\"}"
            try api.ask(Request("POST", "\(path)/cancel", long).by(TestAPI.admin)).expectProblem(400, "invalid-request")
            #expect(try api.ask(Request("DELETE", "/api/bookings/\(held.id)").by(TestAPI.admin)).status == 404)
            try api.act("extend", held.id, by: TestAPI.admin).expectProblem(404, "booking-not-found")
            try api.act("payments", held.id, Card.body(Card.good), by: TestAPI.admin)
                .expectProblem(404, "booking-not-found")
            for action in ["cancel", "items/\(event.tier)/cancel"] {
                try api.act(action, held.id, by: TestAPI.newUser()).expectProblem(404, "booking-not-found")
                let service = Request("POST", "\(path)/\(action)", "{}").with("X-API-Key", "box-office-key-of-tests")
                try api.ask(service).expectProblem(400, "invalid-request")
                try api.ask(service.with("X-On-Behalf-Of", "somebody")).expectProblem(404, "booking-not-found")
            }
            // The body of a DELETE is ignored, whatever it is.
            for body in ["{\"reason\":\"x\",\"y\":1}", "no json"] {
                let own = try api.claim(event, by: ann)
                let cancelled = try api.ask(Request("DELETE", "/v1/bookings/\(own.id)", body).by(ann))
                #expect(cancelled.status == 200 && cancelled["reason"]?.text == "cancelled-by-user")
            }
            let own = try api.claim(event, by: TestAPI.admin)
            let old = try api.ask(Request("DELETE", "/api/bookings/\(own.id)").by(TestAPI.admin))
            #expect(old.status == 200 && old["reason"]?.text == "cancelled-by-user")
        }
    }
}
