import Testing

@Suite("Lost acknowledgements", .api { $0.redisArguments = ["--rename-command", "PUBLISH", ""] })
struct LostAckTests {
    @Test("the row is read before an answer reports persisted: false")
    func lostAck() throws {
        let api = try TestAPI.current
        let answer = try api.claim(try api.event(), by: TestAPI.newUser(), card: Card.good, prefer: "wait=5")
        #expect(answer.status == 201 && answer["persisted"]?.bool == true)
    }
}
