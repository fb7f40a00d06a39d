import Testing

extension ContractTests {
    @Suite("Blocks")
    struct BlockTests {
        private func block(_ hall: TestHall, _ body: String, by token: String = TestAPI.admin) throws -> Answer {
            try TestAPI.current.ask(Request("POST", "/v1/events/\(hall.event)/blocks", body).by(token))
        }

        @Test("seats and units go off sale, and return to sale once")
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

        private func list(_ hall: TestHall, _ query: String = "") throws -> Answer {
            try TestAPI.current.ask(Request("GET", "/v1/events/\(hall.event)/blocks\(query)").by(TestAPI.admin))
        }

        private func ids(_ answer: Answer) -> [String] { answer["data"]?.elements.compactMap { $0["id"]?.text } ?? [] }

        @Test("blocks are listed to administrators, a page at a time")
        func lists() throws {
            let api = try TestAPI.current
            let hall = try TestHall(api)
            #expect(try list(hall).text == "{\"data\":[],\"nextCursor\":null}")
            let seats = try hall.seats(api)
            let made = try ["A 1 1", "A 1 2", "B 1 a"].map { try block(hall, TestHall.named(seats[$0])) }
            let all = try list(hall)
            #expect(ids(all) == made.map(\.id).sorted() && all["nextCursor"]?.isNull == true)
            for block in made {
                let same = all["data"]?.elements.first { $0["id"]?.text == block.id }
                #expect(same?["seatIds"]?.elements.map(\.text) == block["seatIds"]?.elements.map(\.text))
            }
            let first = try list(hall, "?limit=2")
            #expect(ids(first) == Array(ids(all).prefix(2)))
            let rest = try list(hall, "?limit=2&cursor=\(first["nextCursor"]?.text ?? "")")
            #expect(ids(rest) == Array(ids(all).suffix(1)) && rest["nextCursor"]?.isNull == true)
            let path = "/v1/events/\(hall.event)/blocks"
            #expect(try api.ask(Request("DELETE", path + "/\(made[0].id)").by(TestAPI.admin)).status == 204)
            #expect(try ids(list(hall)) == made.dropFirst().map(\.id).sorted())
            try api.ask(Request("GET", path)).expectProblem(401, "unauthorized")
            try api.ask(Request("GET", path).by(TestAPI.newUser())).expectProblem(403, "forbidden")
            let nowhere = Request("GET", "/v1/events/999999/blocks")
            try api.ask(nowhere.by(TestAPI.admin)).expectProblem(404, "event-not-found")
            #expect(try list(hall, "?cursor=1").pointers == ["?cursor"])
        }

        @Test("a repeated key returns the same block; a different block under the key is refused")
        func keys() throws {
            let api = try TestAPI.current
            let hall = try TestHall(api)
            let path = "/v1/events/\(hall.event)/blocks"
            let body = "{\"tierId\":\"\(hall.tiers["Standing"] ?? "")\",\"quantity\":4}"
            let request = Request("POST", path, body).by(TestAPI.admin)
            let first = try api.ask(request.keyed("block-1"))
            #expect(first.status == 201, "\(first.text)")
            for again in try api.askAll([request.keyed("block-1"), request.keyed("\"block-1\"")]) {
                again.expectReplay(of: first)
            }
            let other = Request("POST", path, body.replacing("4}", with: "3}")).by(TestAPI.admin)
            try api.ask(other.keyed("block-1")).expectProblem(422, "idempotency-key-reused")
            let aliased = body.replacing("4}", with: "4,\"idempotencyKey\":\"block-1\"}")
            try api.ask(Request("POST", path, aliased).by(TestAPI.admin)).expectReplay(of: first)
            #expect(try api.ask(other.keyed("block-2")).status == 201)
            #expect(try ids(list(hall)).count == 2)
            // For another event or administrator it is another key.
            let hall2 = try TestHall(api)
            let elsewhere = body.replacing(hall.tiers["Standing"] ?? "", with: hall2.tiers["Standing"] ?? "")
            let second = Request("POST", "/v1/events/\(hall2.event)/blocks", elsewhere)
            #expect(try api.ask(second.by(TestAPI.admin).keyed("block-1")).headers["idempotent-replayed"] == nil)
            let admin = TestAPI.token("another-admin", roles: ["admin"])
            #expect(try api.ask(second.by(admin).keyed("block-1")).status == 201)
            // A removed block stays removed.
            #expect(try api.ask(Request("DELETE", path + "/\(first.id)").by(TestAPI.admin)).status == 204)
            try api.ask(request.keyed("block-1")).expectReplay(of: first)
            #expect(try ids(list(hall)).count == 1)
            // A refused request is judged again.
            let much = Request("POST", path, body.replacing("4}", with: "9}")).by(TestAPI.admin)
            try api.ask(much.keyed("block-3")).expectProblem(409, "sold-out")
            for block in try ids(list(hall)) {
                _ = try api.ask(Request("DELETE", path + "/\(block)").by(TestAPI.admin))
            }
            #expect(try api.ask(much.keyed("block-3")).status == 201)
            try api.ask(much.keyed("\"")).expectProblem(400, "idempotency-key-invalid")
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
