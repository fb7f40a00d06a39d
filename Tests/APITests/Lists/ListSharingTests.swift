import RedisClient
import Support
import Testing

@Suite("Frequent lists", .api(), .serialized)
struct ListSharingTests {
    private func reads(_ api: TestAPI) async throws -> Int {
        let stats = try await api.redis("INFO", "commandstats").string ?? ""
        let calls = stats.firstMatch(of: /cmdstat_xrevrange:calls=(\d+)/)?.1
        return calls.flatMap { Int($0) } ?? 0
    }

    @Test("together cost Redis one read of its outboxes every two milliseconds")
    func shared() async throws {
        let api = try TestAPI.current
        let event = try api.event()
        let ann = TestAPI.newUser()
        let held = try api.claim(event, by: ann)
        let list = Request("GET", "/v1/bookings").by(ann)
        #expect(try api.ask(list).listed == [held.id])
        let before = try await reads(api)
        let clock = ContinuousClock()
        let start = clock.now
        for _ in 0..<5 {
            for answer in try api.askAll(Array(repeating: list, count: 50)) {
                #expect(answer["complete"]?.bool == true && answer.listed == [held.id])
            }
        }
        let milliseconds = Int((clock.now - start) / .milliseconds(1))
        let rounds = (try await reads(api) - before) / TestAPI.partitions
        #expect(rounds <= milliseconds / 2 + 2 && rounds >= 1, "\(rounds) rounds in \(milliseconds) ms")
    }

    @Test("a list of one event reads only its partition")
    func onePartition() async throws {
        let api = try TestAPI.current
        let event = try api.event()
        let ann = TestAPI.newUser()
        let held = try api.claim(event, by: ann)
        let list = Request("GET", "/v1/bookings?eventId=\(event.id)").by(ann)
        #expect(try api.ask(list).listed == [held.id])
        let before = try await reads(api)
        #expect(try api.ask(list)["complete"]?.bool == true)
        #expect(try await reads(api) == before + 1)
    }
}
