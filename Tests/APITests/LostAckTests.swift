import Testing

@Suite("Acks that never arrive", .api { $0.redisArguments = ["--rename-command", "PUBLISH", ""] })
struct LostAckTests {
    @Test("the row is read before an answer says that it is not written down")
    func lostAck() throws {
        let api = try TestAPI.current
        let answer = try api.claim(try api.event(), by: TestAPI.newUser(), card: Card.good, prefer: "wait=5")
        #expect(answer.status == 201 && answer["persisted"]?.bool == true)
    }
}
