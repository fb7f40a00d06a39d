import Testing

extension ContractTests {
    @Suite("Cancelling")
    struct CancelTests {
        @Test("a hold can be cancelled by either call, and repeatedly")
        func cancelHold() throws {
            let api = try TestAPI.current
            let event = try api.event(capacity: 4)
            let ann = TestAPI.newUser()
            for isDelete in [true, false] {
                let held = try api.claim(event, 2, by: ann)
                let request =
                    isDelete
                    ? Request("DELETE", "/v1/bookings/\(held.id)") : Request("POST", "/v1/bookings/\(held.id)/cancel")
                let cancelled = try api.ask(request.by(ann))
                #expect(cancelled.status == 200 && cancelled["status"]?.text == "CANCELLED")
                #expect(cancelled["persisted"]?.bool == true && cancelled["payment"]?.isNull == true)
                #expect(cancelled["reason"]?.text == "cancelled-by-user")
                #expect(try api.left(event) == [4, 0, 0])
                let again = try api.ask(request.by(ann))
                #expect(again.status == 200 && again.body == cancelled.body)
                try api.act("payments", held.id, Card.body(Card.good), by: ann).expectProblem(409, "invalid-state")
            }
        }

        @Test("cancelling a paid booking makes a refund due")
        func cancelPaid() throws {
            let api = try TestAPI.current
            let event = try api.event(capacity: 4)
            let ann = TestAPI.newUser()
            let paid = try api.claim(event, 4, by: ann, card: Card.good)
            let cancelled = try api.ask(Request("DELETE", "/v1/bookings/\(paid.id)").by(ann))
            #expect(cancelled.status == 200 && cancelled["status"]?.text == "CANCELLED")
            #expect(["REFUND_DUE", "REFUNDED"].contains(cancelled["payment"]?["status"]?.text))
            #expect(try api.left(event) == [4, 0, 0])
        }

        @Test("a booking with a running payment can be cancelled")
        func cancelPending() throws {
            let api = try TestAPI.current
            let event = try api.event(capacity: 4)
            let ann = TestAPI.newUser()
            let pending = try api.claim(event, 4, by: ann, card: Card.late)
            let cancelled = try api.act("cancel", pending.id, by: ann)
            #expect(cancelled.status == 200 && cancelled["status"]?.text == "CANCELLED")
            #expect(try api.left(event) == [4, 0, 0])
        }
    }
}
