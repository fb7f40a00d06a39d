import Foundation
import JSON
import RedisClient
import Support
import Testing

extension ContractTests {
    @Suite("Live availability")
    struct StreamTests {
        @Test("a snapshot comes first, then every change: claimed, confirmed, cancelled")
        func changes() throws {
            let api = try TestAPI.current
            let event = try api.event(capacity: 10)
            let ann = TestAPI.newUser()
            let follower = try Follower(api, String(event.number))
            #expect(follower.stream.headers["content-type"] == "text/event-stream")
            #expect(follower.stream.headers["cache-control"] == "no-store")
            #expect(try follower.hear().name == "snapshot")
            #expect(follower.tiers == [event.tier: [10, 0, 0, 0]] && follower.seats.isEmpty)
            #expect((1000...3000).contains(follower.stream.retry ?? 0))
            let booking = try api.claim(event, 3, by: ann)
            #expect(try follower.hear().name == "availability")
            #expect(follower.tiers == [event.tier: [7, 3, 0, 0]])
            #expect(try api.act("payments", booking.id, Card.body(Card.good), by: ann).status == 200)
            try follower.hear { $0.tiers == [event.tier: [7, 0, 3, 0]] }
            #expect(try api.act("cancel", booking.id, by: ann).status == 200)
            try follower.hear { $0.tiers == [event.tier: [10, 0, 0, 0]] }
            let now = try api.ask(Request("GET", "/v1/events/\(event.id)/availability"))
            #expect(now["seq"]?.integer == follower.last)
        }

        @Test("an expired hold is sent without a request")
        func lapse() throws {
            let api = try TestAPI.current
            let event = try api.event(capacity: 5, ",\"holdSeconds\":1")
            let follower = try Follower(api, event.id)
            try follower.hear()
            #expect(try api.claim(event, 2, by: TestAPI.newUser()).status == 201)
            try follower.hear { $0.tiers == [event.tier: [3, 2, 0, 0]] }
            try follower.hear { $0.tiers == [event.tier: [5, 0, 0, 0]] }
        }

        @Test("seats are sent by their index in the list of seats")
        func seats() throws {
            let api = try TestAPI.current
            let hall = try TestHall(api)
            let ids = try hall.seats(api)
            let follower = try Follower(api, hall.event)
            try follower.hear()
            #expect(String(follower.seats) == String(repeating: "a", count: 14))
            let ann = TestAPI.newUser()
            let claimed = try hall.claim(api, TestHall.named(ids["A 1 2"], ids["B 1 d"]), by: ann)
            try follower.hear { String($0.seats) == "ahaaaaaaaaaaah" }
            #expect(try api.act("payments", claimed.id, Card.body(Card.good), by: ann).status == 200)
            try follower.hear { String($0.seats) == "asaaaaaaaaaaas" }
            let block = Request(
                "POST", "/v1/events/\(hall.event)/blocks", "{\"seatIds\":[\"\(ids["A 2 1"] ?? "")\"]}")
            #expect(try api.ask(block.by(TestAPI.admin)).status == 201)
            try follower.hear { String($0.seats) == "asaaabaaaaaaas" }
            let listed = try api.ask(Request("GET", "/v1/events/\(hall.event)/seats"))["seats"]?.elements ?? []
            #expect(listed.compactMap { $0["status"]?.text?.first } == follower.seats)
        }

        @Test("a reconnecting client gets exactly what it missed, nothing twice")
        func resume() throws {
            let api = try TestAPI.current
            let event = try api.event(capacity: 50)
            let follower = try Follower(api, event.id)
            try follower.hear()
            #expect(try api.claim(event, 1, by: TestAPI.newUser()).status == 201)
            try follower.hear { $0.tiers == [event.tier: [49, 1, 0, 0]] }
            // No client listens meanwhile.
            try follower.comeBack()
            let other = try Follower(api, event.id)
            for held in 2...4 {
                #expect(try api.claim(event, 1, by: TestAPI.newUser()).status == 201)
                try other.hear { $0.tiers == [event.tier: [Int64(50 - held), Int64(held), 0, 0]] }
            }
            try follower.comeBack()
            try follower.hear { $0.tiers == other.tiers }
            #expect(follower.heard.map(\.name) == ["snapshot"] + repeatElement("availability", count: 4))
            // The client is up to date: the next message is the next change.
            try follower.comeBack()
            #expect(try api.claim(event, 1, by: TestAPI.newUser()).status == 201)
            #expect(try follower.hear().name == "availability")
            #expect(follower.tiers == [event.tier: [45, 5, 0, 0]])
        }

        @Test("a client with a sequence number that is too old, or too new, gets a snapshot")
        func unknownIDs() throws {
            let api = try TestAPI.current
            let event = try api.event(capacity: 5)
            for id in ["0", "999999999999999999"] {
                let stream = try EventStream(port: api.port, "/v1/events/\(event.id)/stream", lastID: id)
                #expect(try stream.next()?.name == "snapshot")
            }
            for id in ["x", "-1", "1 2", "1234567890123456789"] {
                try api.ask(Request("GET", "/v1/events/\(event.id)/stream").with("Last-Event-ID", id))
                    .expectProblem(400, "invalid-request")
            }
        }

        @Test("however often a client reconnects during changes, it has all of them in the end")
        func noGap() async throws {
            let api = try TestAPI.current
            let event = try api.event(capacity: 400, ",\"maxTicketsPerUser\":null")
            let follower = try Follower(api, event.id)
            let claims = RunningThreads(2) { _ in
                for _ in 0..<100 { _ = try? api.claim(event, 1, by: TestAPI.newUser()) }
            }
            while follower.tiers[event.tier] != [200, 200, 0, 0] {
                try follower.hear()
                if follower.heard.count.isMultiple(of: 2) { try follower.comeBack() }
            }
            await claims.join()
            #expect(follower.heard.filter { $0.name == "snapshot" }.count == 1)
        }

        @Test("a change right after another, which Redis does not publish, is sent as soon")
        func unannouncedSecond() throws {
            let api = try TestAPI.current
            let event = try api.event(capacity: 50)
            let follower = try Follower(api, event.id)
            try follower.hear()
            let start = ContinuousClock.now
            for held in stride(from: Int64(2), through: 16, by: 2) {
                // After this pause the first change is read at once.
                Thread.sleep(forTimeInterval: 0.2)
                for _ in 0..<2 { #expect(try api.claim(event, 1, by: TestAPI.newUser()).status == 201) }
                try follower.hear { $0.tiers == [event.tier: [50 - held, held, 0, 0]] }
            }
            // Not by the feed's sweep every 15 s.
            #expect(ContinuousClock.now - start < .seconds(15))
        }

        @Test("changes are sent at most every 100 ms, however many there are")
        func pace() throws {
            let api = try TestAPI.current
            let event = try api.event(capacity: 300, ",\"maxTicketsPerUser\":null")
            let follower = try Follower(api, event.id)
            try follower.hear()
            let start = ContinuousClock.now
            let bodies = (0..<300).map { _ in Request("POST", "/v1/bookings", event.claim(1)).by(TestAPI.newUser()) }
            for part in 0..<30 { _ = try api.askAll(Array(bodies[part * 10..<part * 10 + 10])) }
            try follower.hear { $0.tiers == [event.tier: [0, 300, 0, 0]] }
            let time = ContinuousClock.now - start
            #expect(follower.heard.count - 1 <= Int(time / .milliseconds(100)) + 2)
        }

        @Test("there is no stream of an event that is not on sale, nor for HEAD")
        func refusals() throws {
            let api = try TestAPI.current
            try api.ask(Request("GET", "/v1/events/\(UUID().uuidString.lowercased())/stream"))
                .expectProblem(404, "event-not-found")
            let draft = """
                {"title":"Draft","startsAt":"2031-05-01T18:00:00Z","currency":"USD",
                 "tiers":[{"name":"Standing","kind":"general","unitAmount":1,"capacity":1}]}
                """
            let made = try api.ask(Request("POST", "/v1/events", draft).by(TestAPI.admin))
            try api.ask(Request("GET", "/v1/events/\(made.id)/stream")).expectProblem(404, "event-not-found")
            let event = try api.event(capacity: 5)
            let head = try api.ask(Request("HEAD", "/v1/events/\(event.id)/stream"))
            #expect(head.status == 200 && head.headers["content-type"] == "text/event-stream")
            try api.ask(Request("GET", "/v1/events/\(event.id)/stream?x=1")).expectProblem(400, "invalid-request")
        }
    }
}

@Suite("Live availability and failures", .api(), .serialized)
struct StreamFailureTests {
    @Test("this process subscribes once, and reads an event once, for any number of listeners")
    func oneSubscription() async throws {
        let api = try TestAPI.current
        let event = try api.event(capacity: 100)
        let others = try (0..<5).map { _ in try api.event(capacity: 5) }
        let followers = try (0..<100).map { _ in try Follower(api, event.id) }
        let elsewhere = try others.map { try Follower(api, $0.id) }
        for follower in followers + elsewhere { try follower.hear() }
        let numbers = try await api.redis("PUBSUB", "NUMSUB", "usher:changes")
        #expect(numbers.array?.last?.integer == 1)
        let clients = try await api.redis("CLIENT", "LIST", "TYPE", "pubsub").string ?? ""
        // One for acknowledgements, one for changes.
        #expect(clients.split(separator: "\n").count == 2, "\(clients)")
        let start = ContinuousClock.now
        let before = try await scriptCalls(api)
        #expect(try api.claim(event, 1, by: TestAPI.newUser()).status == 201)
        for follower in followers { try follower.hear { $0.tiers == [event.tier: [99, 1, 0, 0]] } }
        // Some scripts run on timers, whatever the number of listeners.
        let calls = try await scriptCalls(api) - before
        let timely = Int((ContinuousClock.now - start) / .milliseconds(20))
        #expect(calls < 50 + timely, "\(calls) calls: more than one read for all listeners")
    }

    private func scriptCalls(_ api: TestAPI) async throws -> Int {
        let text = try await api.redis("INFO", "commandstats").string ?? ""
        return text.firstMatch(of: /cmdstat_fcall:calls=(\d+)/).flatMap { Int($0.1) } ?? 0
    }

    @Test("a broken subscription loses nothing: everything is sent again")
    func subscriptionLost() async throws {
        let api = try TestAPI.current
        let event = try api.event(capacity: 10)
        let follower = try Follower(api, event.id)
        try follower.hear()
        try await api.redis("CLIENT", "KILL", "TYPE", "pubsub")
        #expect(try follower.hear().name == "snapshot")
        #expect(try api.claim(event, 1, by: TestAPI.newUser()).status == 201)
        try follower.hear { $0.tiers == [event.tier: [9, 1, 0, 0]] }
    }

    @Test("a change whose message was lost is sent once the subscription is back")
    func unannounced() async throws {
        let api = try TestAPI.current
        let event = try api.event(capacity: 10)
        let follower = try Follower(api, event.id)
        try follower.hear()
        // The message is lost: there is no subscription at that moment.
        for _ in 0..<3 {
            try await api.redis("CLIENT", "KILL", "TYPE", "pubsub")
            _ = try api.claim(event, 1, by: TestAPI.newUser())
        }
        try follower.hear { $0.tiers == [event.tier: [7, 3, 0, 0]] }
    }

    @Test("when Redis restarts, listeners stay connected and get a snapshot under the new epoch")
    func redisDies() async throws {
        let api = try TestAPI.current
        let event = try api.event(capacity: 10)
        let ann = TestAPI.newUser()
        #expect(try api.claim(event, 2, by: ann, card: Card.good).status == 201)
        let follower = try Follower(api, event.id)
        try follower.hear()
        let epoch = follower.last / 1_000_000_000
        api.redisServer.kill()
        try eventually("new listeners are refused") {
            let refused = try EventStream(port: api.port, "/v1/events/\(event.id)/stream")
            return refused.status == 503 && refused.headers["retry-after"] == "1"
        }
        try api.redisServer.start()
        #expect(try follower.hear().name == "snapshot")
        #expect(follower.last / 1_000_000_000 > epoch)
        #expect(follower.tiers == [event.tier: [8, 0, 2, 0]])
        try await api.untilReady()
        #expect(try api.claim(event, 1, by: ann).status == 201)
        try follower.hear { $0.tiers == [event.tier: [7, 1, 2, 0]] }
        try follower.comeBack()
        #expect(try api.claim(event, 1, by: ann).status == 201)
        try follower.hear { $0.tiers == [event.tier: [6, 2, 2, 0]] }
    }

    @Test("a listener that does not read is disconnected, and the others go on")
    func slow() throws {
        let api = try TestAPI.current
        let hall = try BigHall(api)
        let slow = try EventStream(port: api.port, "/v1/events/\(hall.event)/stream", receiveBytes: 2048)
        let quick = try Follower(api, hall.event)
        try quick.hear()
        var rounds = 0
        while try cut(api) == 0 {
            rounds += 1
            try #require(rounds < 400, "it was never disconnected")
            try hall.change(api)
            try quick.hear()
        }
        // The answer is truncated, which a client can tell from a regular end.
        while try slow.fill() {}
        #expect(!slow.isWhole)
        try hall.change(api)
        try quick.hear()
    }

    private func cut(_ api: TestAPI) throws -> Int {
        let text = try api.ask(Request("GET", "/metrics")).text
        return text.firstMatch(of: /\nusher_stream_listeners_cut_total (\d+)/).flatMap { Int($0.1) } ?? 0
    }

    @Test("a process that stops ends its streams as complete answers")
    func drained() async throws {
        let api = try await TestAPI(TestAPI.Options())
        let event = try api.event(capacity: 10)
        let follower = try Follower(api, event.id)
        try follower.hear()
        await api.stop()
        #expect(try follower.stream.next() == nil)
        #expect(follower.stream.isWhole)
    }
}

/// An event of 30,000 seats, of which 480 far apart change at once.
private final class BigHall {
    let event: String
    private let ids: [String]
    private var block: String?

    init(_ api: TestAPI) throws {
        let numbers = (1...1000).map { "\"\($0)\"" }.joined(separator: ",")
        let rows = (1...30).map { "{\"name\":\"\($0)\",\"seats\":[\(numbers)]}" }.joined(separator: ",")
        let layout = "{\"name\":\"Arena\",\"sections\":[{\"name\":\"A\",\"rows\":[\(rows)]}]}"
        let venue = try api.ask(Request("POST", "/v1/venues", layout).by(TestAPI.admin))
        try #require(venue.status == 201, "\(venue.text)")
        let body = """
            {"title":"Final","startsAt":"2031-05-01T18:00:00Z","currency":"USD","publish":true,"venueId":"\(venue.id)",
             "tiers":[{"name":"A","kind":"seated","unitAmount":1,"sections":["A"]}]}
            """
        let made = try api.ask(Request("POST", "/v1/events", body).by(TestAPI.admin))
        try #require(made.status == 201, "\(made.text)")
        event = made.id
        let seats = try api.ask(Request("GET", "/v1/events/\(made.id)/seats"))["seats"]?.elements ?? []
        ids = seats.compactMap { $0["id"]?.text }
        try #require(ids.count == 30_000)
    }

    /// Takes 480 seats off sale, or puts those of the last round on sale again.
    func change(_ api: TestAPI) throws {
        if let block {
            let undo = Request("DELETE", "/v1/events/\(event)/blocks/\(block)").by(TestAPI.admin)
            try #require(try api.ask(undo).status == 204)
            self.block = nil
            return
        }
        let chosen = stride(from: 0, to: ids.count, by: 60).prefix(480).map { "\"\(ids[$0])\"" }
        let body = "{\"seatIds\":[\(chosen.joined(separator: ","))]}"
        let answer = try api.ask(Request("POST", "/v1/events/\(event)/blocks", body).by(TestAPI.admin))
        try #require(answer.status == 201, "\(answer.text.prefix(300))")
        block = answer.id
    }
}
