import Testing

extension ContractTests {
    @Suite("Blocks")
    struct BlockTests {
        private func block(_ hall: TestHall, _ body: String, by token: String = TestAPI.admin) throws -> Answer {
            try TestAPI.current.ask(Request("POST", "/v1/events/\(hall.event)/blocks", body).by(token))
        }

        @Test("seats and units go off sale, and come back once")
        func blocks() async throws {
            let api = try TestAPI.current
            let hall = try TestHall(api)
            let seats = try hall.seats(api)
            let made = try block(hall, TestHall.named(seats["A 1 1"], seats["A 1 2"]))
            #expect(made.status == 201 && made["quantity"]?.integer == 2, "\(made.text)")
            #expect(made.json?.names == ["id", "eventId", "tierId", "quantity", "seatIds"])
            let units = try block(hall, "{\"tierId\":\"\(hall.tiers["Standing"] ?? "")\",\"quantity\":10}")
            #expect(units.status == 201 && units["seatIds"]?.elements.isEmpty == true)
            try block(hall, "{\"tierId\":\"\(hall.tiers["Standing"] ?? "")\",\"quantity\":1}")
                .expectProblem(409, "sold-out")
            try block(hall, TestHall.named(seats["A 1 2"], seats["A 1 3"])).expectProblem(409, "seats-unavailable")
            try hall.claim(api, TestHall.named(seats["A 1 1"]), by: TestAPI.newUser())
                .expectProblem(409, "seats-unavailable")
            #expect(try hall.statuses(api).filter { $0.value == "blocked" }.count == 2)
            let written = try await api.until(
                { _ in true }, Request("GET", "/v1/events/\(hall.event)/availability"))
            #expect(written["tiers"]?.elements.reduce(0) { $0 + ($1["blocked"]?.integer ?? 0) } == 12)
            for _ in 0..<2 {
                let gone = try api.ask(
                    Request("DELETE", "/v1/events/\(hall.event)/blocks/\(made.id)").by(TestAPI.admin))
                #expect(gone.status == 204 && gone.body.isEmpty)
            }
            #expect(try hall.statuses(api).values.allSatisfy { $0 == "available" })
        }

        @Test("what cannot be blocked is refused")
        func refusals() throws {
            let api = try TestAPI.current
            let hall = try TestHall(api)
            let seats = try hall.seats(api)
            try block(hall, "{}").expectProblem(400, "invalid-request")
            try block(hall, TestHall.named(seats["A 1 1"], seats["B 1 a"])).expectProblem(400, "invalid-request")
            try block(hall, "{\"tierId\":\"\(hall.tiers["Front"] ?? "")\",\"quantity\":1}")
                .expectProblem(400, "invalid-request")
            try block(hall, "{\"tierId\":\"\(hall.event)\",\"quantity\":1}").expectProblem(400, "invalid-request")
            try block(hall, TestHall.named(seats["A 1 1"]), by: TestAPI.newUser()).expectProblem(403, "forbidden")
            let nowhere = Request("POST", "/v1/events/999999/blocks", TestHall.named(seats["A 1 1"]))
            try api.ask(nowhere.by(TestAPI.admin)).expectProblem(404, "event-not-found")
        }
    }
}
