import JSON
import Support
import Testing

/// A client that follows an event: its state comes only from the messages that it got.
final class Follower {
    private let port: UInt16
    private let path: String
    private(set) var stream: EventStream
    /// The sequence number of the last message.
    private(set) var last: Int64 = -1
    /// Counters by tier: available, held, sold, blocked.
    private(set) var tiers: [String: [Int64]] = [:]
    /// One letter per seat.
    private(set) var seats: [Character] = []
    /// The messages, in order.
    private(set) var heard: [EventStream.Message] = []

    init(_ api: TestAPI, _ event: String) throws {
        port = api.port
        path = "/v1/events/\(event)/stream"
        stream = try EventStream(port: api.port, path)
        try #require(stream.status == 200)
    }

    /// Disconnects and reconnects, as a browser does.
    func comeBack() throws {
        stream = try EventStream(port: port, path, lastID: String(last))
        try #require(stream.status == 200)
    }

    /// Receives the next message.
    @discardableResult
    func hear() throws -> EventStream.Message {
        let message = try #require(try stream.next(), "the stream ended")
        try take(message)
        return message
    }

    /// Receives messages until its state is as wanted.
    func hear(until condition: (Follower) -> Bool) throws {
        while !condition(self) { try hear() }
    }

    private func take(_ message: EventStream.Message) throws {
        let json = try JSONReader.read(message.data)
        #expect(json["seq"]?.integer == message.id)
        heard.append(message)
        switch message.name {
        case "snapshot":
            #expect(message.id >= last)
            tiers = [:]
            seats = Array(json["seats"]?.text ?? "")
        case "availability":
            #expect(message.id > last, "a change is sent once")
            for run in json["seats"]?.elements ?? [] {
                let at = Int(try #require(run["at"]?.integer))
                for (index, letter) in try #require(run["states"]?.text).enumerated() { seats[at + index] = letter }
            }
        default:
            Issue.record("unknown event \(message.name)")
        }
        for tier in json["tiers"]?.elements ?? [] {
            let counts = ["available", "held", "sold", "blocked"].compactMap { tier[$0]?.integer }
            #expect(counts.count == 4 && counts.reduce(0, +) == tier["capacity"]?.integer)
            tiers[try #require(tier["tierId"]?.text)] = counts
        }
        last = message.id
    }
}
