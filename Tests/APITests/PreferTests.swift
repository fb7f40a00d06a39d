import Testing

extension ContractTests {
    @Suite("Prefer")
    struct PreferTests {
        @Test(
            "a preference is applied and reported",
            arguments: [
                ("wait=5", "wait=5"), ("wait=30", "wait=30"), ("wait=31", "wait=30"), ("wait=\"7\"", "wait=7"),
                ("WAIT = 5", "wait=5"), ("foo=\"a, wait=3\", wait=9;x=1", "wait=9"), ("wait=5, wait=6", "wait=5"),
                ("respond-async, wait=10", "respond-async, wait=10"),
                ("wait=10, respond-async", "respond-async, wait=10"),
            ])
        func told(prefer: String, applied: String) throws {
            let api = try TestAPI.current
            let answer = try api.claim(try api.event(), by: TestAPI.newUser(), card: Card.good, prefer: prefer)
            #expect(answer.status == 201 && answer["persisted"]?.bool == true)
            #expect(answer.headers["preference-applied"] == applied)
        }

        @Test(
            "a malformed preference is ignored",
            arguments: [
                "wait", "wait=-1", "wait=x", "wait=1.5", "wait=", "respond-async=1x, wai t=3", "wait=+5",
                "return=minimal", "",
            ])
        func ignored(prefer: String) throws {
            let api = try TestAPI.current
            let answer = try api.claim(try api.event(), by: TestAPI.newUser(), card: Card.good, prefer: prefer)
            #expect(answer.status == 201 && answer["persisted"]?.bool == true)
            #expect(answer.headers["preference-applied"] == nil)
        }

        @Test("a pending payment does not wait, and a plain claim applies no preference")
        func notApplied() throws {
            let api = try TestAPI.current
            let event = try api.event()
            let pending = try api.claim(event, by: TestAPI.newUser(), card: Card.late, prefer: "wait=5")
            #expect(pending.status == 202 && pending.headers["preference-applied"] == nil)
            let held = try api.claim(event, by: TestAPI.newUser(), prefer: "wait=5")
            #expect(held.status == 201 && held.headers["preference-applied"] == nil)
        }
    }
}
