import Testing

extension ContractTests {
    @Suite("Claims by seat")
    struct SeatClaimTests {
        @Test("named seats are returned with section, row and number; a refusal lists the unavailable ones")
        func named() throws {
            let api = try TestAPI.current
            let hall = try TestHall(api)
            let seats = try hall.seats(api)
            #expect(seats.count == 14)
            let twice = TestHall.named(seats["A 1 2"], seats["A 1 3"], seats["A 1 2"])
            let held = try hall.claim(
                api, twice + ",{\"tierId\":\"\(hall.tiers["Standing"]!)\",\"quantity\":2}", by: TestAPI.newUser())
            #expect(held.status == 201, "\(held.text)")
            #expect(TestHall.seats(of: held) == ["A 1 2", "A 1 3"])
            #expect(held["totalAmount"]?.integer == 500)
            #expect(held["items"]?[0]?["quantity"]?.integer == 2 || held["items"]?[1]?["quantity"]?.integer == 2)
            let gone = try hall.claim(
                api, TestHall.named(seats["A 1 1"], seats["A 1 2"], seats["A 1 3"]), by: TestAPI.newUser())
            gone.expectProblem(409, "seats-unavailable")
            #expect(gone["unavailable"]?.elements.map(\.text) == [seats["A 1 2"], seats["A 1 3"]])
            #expect(try hall.statuses(api).filter { $0.value == "held" }.keys.sorted() == ["A 1 2", "A 1 3"])
        }

        @Test("the best seats are adjacent and in one row; too many are refused")
        func best() throws {
            let api = try TestAPI.current
            let hall = try TestHall(api)
            let front = hall.tiers["Front"] ?? ""
            let first = try hall.claim(api, "{\"tierId\":\"\(front)\",\"bestAvailable\":3}", by: TestAPI.newUser())
            #expect(first.status == 201 && Set(TestHall.seats(of: first).map { $0.prefix(3) }) == ["A 1"])
            let none = try hall.claim(api, "{\"tierId\":\"\(front)\",\"bestAvailable\":6}", by: TestAPI.newUser())
            none.expectProblem(409, "no-adjacent-seats")
            let paid = try hall.claim(
                api, "{\"tierId\":\"\(front)\",\"bestAvailable\":5}", by: TestAPI.newUser(), card: Card.good)
            #expect(paid.status == 201 && paid["status"]?.text == "CONFIRMED" && paid["persisted"]?.bool == true)
            #expect(TestHall.seats(of: paid).count == 5)
            #expect(try hall.statuses(api).values.filter { $0 == "sold" }.count == 5)
        }

        @Test("seats or tiers of another event, or sold in the other way, are 400 with a pointer")
        func refusals() throws {
            let api = try TestAPI.current
            let hall = try TestHall(api)
            let other = try TestHall(api).seats(api)
            let front = hall.tiers["Front"] ?? ""
            let standing = hall.tiers["Standing"] ?? ""
            for (items, pointer) in [
                (TestHall.named(other["A 1 1"]), "/items/0/seatIds/0"), (TestHall.named("x"), "/items/0/seatIds/0"),
                ("{\"seatIds\":[]}", "/items/0/seatIds"), ("{\"seatIds\":\"x\"}", "/items/0/seatIds"),
                ("{\"tierId\":\"\(front)\",\"quantity\":1}", "/items/0/quantity"),
                ("{\"tierId\":\"\(standing)\",\"bestAvailable\":1}", "/items/0/bestAvailable"),
                ("{\"tierId\":\"\(front)\",\"bestAvailable\":0}", "/items/0/bestAvailable"),
                ("{\"tierId\":\"\(front)\",\"bestAvailable\":128}", "/items/0/bestAvailable"),
                ("{\"bestAvailable\":2}", "/items/0/tierId"),
                ("{\"tierId\":\"\(front)\",\"bestAvailable\":2,\"quantity\":2}", "/items/0/quantity"),
            ] {
                let answer = try hall.claim(api, items, by: TestAPI.newUser())
                answer.expectProblem(400, "invalid-request")
                #expect(answer.pointers == [pointer], "\(items): \(answer.text)")
            }
        }

        @Test("a user's own hold is replaced by a claim that names its seats and more")
        func replaced() throws {
            let api = try TestAPI.current
            let hall = try TestHall(api, ",\"maxBookingsPerUser\":1")
            let seats = try hall.seats(api)
            let user = TestAPI.newUser()
            let first = try hall.claim(api, TestHall.named(seats["A 2 1"]), by: user)
            let more = try hall.claim(api, TestHall.named(seats["A 2 1"], seats["A 2 2"]), by: user)
            #expect(more.status == 201, "\(more.text)")
            let replaced = try api.booking(first.id, by: user)
            #expect(replaced["status"]?.text == "CANCELLED" && replaced["reason"]?.text == "replaced")
            #expect(try hall.statuses(api).values.filter { $0 == "held" }.count == 2)
        }

        @Test("a part of a booking is cancelled by seat and by quantity, and a refund is due")
        func parts() async throws {
            let api = try TestAPI.current
            let hall = try TestHall(api)
            let seats = try hall.seats(api)
            let user = TestAPI.newUser()
            let standing = hall.tiers["Standing"] ?? ""
            let front = hall.tiers["Front"] ?? ""
            let items = TestHall.named(seats["A 1 1"], seats["A 1 2"]) + ",{\"tierId\":\"\(standing)\",\"quantity\":3}"
            let paid = try hall.claim(api, items, by: user, card: Card.good)
            #expect(paid.status == 201, "\(paid.text)")
            func part(_ tier: String, _ body: String) throws -> Answer {
                try api.ask(Request("POST", "/v1/bookings/\(paid.id)/items/\(tier)/cancel", body).by(user))
            }
            let less = try part(standing, "{\"quantity\":2}")
            #expect(less.status == 200 && less["totalAmount"]?.integer == 450, "\(less.text)")
            let fewer = try part(front, "{\"seatIds\":[\"\(seats["A 1 2"] ?? "")\"]}")
            #expect(fewer.status == 200 && TestHall.seats(of: fewer) == ["A 1 1"])
            #expect(fewer["status"]?.text == "CONFIRMED" && fewer["persisted"]?.bool == true)
            try part(front, "{\"seatIds\":[\"\(seats["A 1 2"] ?? "")\"]}").expectProblem(400, "invalid-request")
            try part(front, "{\"quantity\":1}").expectProblem(400, "invalid-request")
            try part(standing, "{\"quantity\":2}").expectProblem(400, "invalid-request")
            let back = try await api.count(
                "SELECT refund_amount AS count FROM payments WHERE booking_id = '\(paid.id)'")
            #expect(back == 300)
            let seated = try await api.count("SELECT count(*) FROM event_seats WHERE booking_id = '\(paid.id)'")
            #expect(seated == 1)
            let rest = try part(front, "{}")
            let ended = try part(standing, "{}")
            #expect(rest["status"]?.text == "CONFIRMED" && ended["status"]?.text == "CANCELLED")
            #expect(try hall.statuses(api).values.allSatisfy { $0 == "available" })
        }
    }
}
