import Testing

extension ContractTests {
    @Suite("Bookings that cost nothing")
    struct FreeBookingTests {
        @Test(
            "no means of payment is required, and a card that is sent is not charged",
            arguments: ["{}", Card.body(Card.declined)])
        func paid(body: String) throws {
            let api = try TestAPI.current
            let ann = TestAPI.newUser()
            let event = try api.event(price: 0)
            let held = try api.claim(event, 2, by: ann)
            let paid = try api.act("payments", held.id, body, by: ann)
            #expect(paid.status == 200 && paid["status"]?.text == "CONFIRMED", "\(paid.text)")
            #expect(paid["payment"]?["amount"]?.integer == 0 && paid["payment"]?["status"]?.text == "SUCCEEDED")
            #expect(try api.act("payments", held.id, body, by: ann).status == 200)
            #expect(try api.left(event) == [98, 0, 2])
        }

        @Test("one-shot bookings too", arguments: ["{}", Card.body(Card.declined)])
        func oneShot(means: String) throws {
            let api = try TestAPI.current
            let event = try api.event(price: 0)
            let body = """
                {"eventId":"\(event.id)","items":[{"tierId":"\(event.tier)","quantity":1}],"payment":\(means)}
                """
            let booked = try api.ask(Request("POST", "/v1/bookings", body).by(TestAPI.newUser()))
            #expect(booked.status == 201 && booked["status"]?.text == "CONFIRMED", "\(booked.text)")
        }

        @Test("a price needs means: otherwise 400, no attempt is counted, and one-shot bookings hold nothing")
        func costs() throws {
            let api = try TestAPI.current
            let ann = TestAPI.newUser()
            let event = try api.event(capacity: 5)
            let held = try api.claim(event, by: ann)
            for _ in 0..<4 {
                let refused = try api.act("payments", held.id, "{}", by: ann)
                refused.expectProblem(400, "invalid-request")
                #expect(refused.pointers == ["/cardNumber"])
                #expect(refused["detail"]?.text?.contains("costs 4999 minor units of USD") == true, "\(refused.text)")
            }
            try api.act("payments", held.id, "{}", by: TestAPI.newUser()).expectProblem(404, "booking-not-found")
            let body = """
                {"eventId":"\(event.id)","items":[{"tierId":"\(event.tier)","quantity":1}],"payment":{}}
                """
            let keyed = Request("POST", "/v1/bookings", body).by(TestAPI.newUser()).keyed("free")
            for _ in 0..<2 {
                let refused = try api.ask(keyed)
                refused.expectProblem(400, "invalid-request")
                #expect(refused.pointers == ["/payment/cardNumber"])
            }
            #expect(try api.left(event) == [4, 1, 0])
            #expect(try api.act("payments", held.id, Card.body(Card.good), by: ann).status == 200)
        }

        @Test("a price that changes during a hold does not change the hold's price")
        func changedPrice() throws {
            let api = try TestAPI.current
            let ann = TestAPI.newUser()
            func price(_ event: TestEvent, _ amount: Int) throws {
                let body = "{\"tiers\":[{\"id\":\"\(event.tier)\",\"unitAmount\":\(amount)}]}"
                #expect(try api.ask(Request("PATCH", "/v1/events/\(event.id)", body).by(TestAPI.admin)).status == 200)
            }
            let dearer = try api.event(price: 0)
            let free = try api.claim(dearer, by: ann)
            try price(dearer, 100)
            #expect(try api.act("payments", free.id, "{}", by: ann)["status"]?.text == "CONFIRMED")
            let cheaper = try api.event(price: 100)
            let held = try api.claim(cheaper, by: ann)
            try price(cheaper, 0)
            try api.act("payments", held.id, "{}", by: ann).expectProblem(400, "invalid-request")
            #expect(try api.act("payments", held.id, Card.body(Card.good), by: ann)["totalAmount"]?.integer == 100)
        }
    }

    @Suite("Remaining units")
    struct LeftTests {
        @Test("more than are left is not-enough-left with the number; sold-out means none at all")
        func shortage() throws {
            let api = try TestAPI.current
            let event = try api.event(capacity: 99, ",\"maxTicketsPerUser\":null")
            // The second answer comes from the cache that the first one filled.
            for wanted in [500, 500, 100, 700] {
                let refused = try api.claim(event, wanted, by: TestAPI.newUser())
                refused.expectProblem(409, "not-enough-left")
                #expect(refused["available"]?.integer == 99)
                #expect(
                    refused["detail"]?.text
                        == "\(wanted) tickets of one kind were asked for, but only 99 are available.")
            }
            let ann = TestAPI.newUser()
            let all = try api.claim(event, 99, by: ann)
            #expect(all.status == 201, "\(all.text)")
            try api.claim(event, 99, by: TestAPI.newUser()).expectProblem(409, "held-by-others")
            let held = try api.claim(event, 100, by: TestAPI.newUser())
            held.expectProblem(409, "not-enough-left")
            #expect(held["available"]?.integer == 0)
            #expect(held["detail"]?.text?.contains("99 tickets would be available") == true, "\(held.text)")
            #expect(try api.act("payments", all.id, Card.body(Card.good), by: ann).status == 200)
            for wanted in [1, 500, 1] {
                try api.claim(event, wanted, by: TestAPI.newUser()).expectProblem(409, "sold-out")
            }
        }
    }
}
