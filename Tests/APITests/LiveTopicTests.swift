import BoxOffice
import JSON
import SeatInventory
import Support
import Testing

@testable import API

/// Messages to listeners, tested as a value without a server.
@Suite("Messages to listeners of an event")
struct LiveTopicTests {
    private static let tier = TierID(UUIDBytes(high: 1, low: 2))

    private func picture(_ sequence: Int64, seats: [UInt8], held: Int = 0) -> LiveSnapshot {
        LiveSnapshot(
            sequence: sequence, asOf: 0, isOpen: true,
            tiers: [
                TierCounters(
                    tier: Self.tier, capacity: 100, available: 100 - held, held: held, sold: 0, blocked: 0,
                    unitAmount: 1, kind: .general)
            ], seats: seats)
    }

    @Test("a client that applies all messages, resuming from any point, has every seat right")
    func random() throws {
        var generator = SeededGenerator.fromEnvironment()
        let seed = generator.seed
        for _ in 0..<20 {
            let count = Int.random(in: 0...200, using: &generator)
            var seats = [UInt8](repeating: SeatMap.free, count: count)
            var topic = LiveTopic()
            _ = topic.update(picture(1_000_000_001, seats: seats), sendsSnapshot: false)
            // A client's state after each change.
            var known: [(sequence: Int64, seats: [Character])] = [
                (1_000_000_001, [Character](repeating: "a", count: count))
            ]
            for step in 2...100 {
                for _ in 0..<Int.random(in: 0...20, using: &generator) where count > 0 {
                    seats[Int.random(in: 0..<count, using: &generator)] =
                        [
                            SeatMap.free, SeatMap.held, SeatMap.sold, SeatMap.blocked,
                        ].randomElement(using: &generator) ?? SeatMap.free
                }
                let sequence = 1_000_000_000 + Int64(step)
                _ = topic.update(picture(sequence, seats: seats, held: step % 100), sendsSnapshot: step % 17 == 0)
                known.append((sequence, seats.map { Character(Unicode.Scalar($0 == SeatMap.free ? 0x61 : $0)) }))
            }
            let wanted = try #require(known.last?.seats)
            for _ in 0..<10 {
                let from = try #require(known.randomElement(using: &generator))
                let opening = try #require(topic.opening(after: from.sequence))
                let text = String(decoding: opening.bytes, as: UTF8.self)
                let found = try applied(text, to: from.seats)
                let isRight = found == wanted
                #expect(isRight, "seed \(seed), from \(from.sequence)")
                #expect(opening.sequence == 1_000_000_100)
            }
        }
    }

    private func applied(_ text: String, to seats: [Character]) throws -> [Character] {
        var seats = seats
        for block in text.split(separator: "\n\n") {
            let line = try #require(block.split(separator: "\n").first { $0.hasPrefix("data: ") })
            let json = try JSONReader.read(Array(line.dropFirst(6).utf8))
            if block.hasPrefix("event: snapshot") { seats = Array(json["seats"]?.text ?? "") }
            for run in json["seats"]?.elements ?? [] {
                let at = Int(run["at"]?.integer ?? 0)
                for (index, letter) in (run["states"]?.text ?? "").enumerated() { seats[at + index] = letter }
            }
        }
        return seats
    }

    @Test("invisible changes are not sent, and another epoch is sent as a snapshot")
    func kinds() throws {
        var topic = LiveTopic()
        #expect(topic.opening(after: nil) == nil)
        _ = topic.update(picture(1_000_000_001, seats: []), sendsSnapshot: false)
        #expect(topic.update(picture(1_000_000_002, seats: []), sendsSnapshot: false) == nil)
        let change = topic.update(picture(1_000_000_003, seats: [], held: 1), sendsSnapshot: false)
        #expect(String(decoding: change?.bytes.prefix(19) ?? [], as: UTF8.self) == "event: availability")
        let whole = topic.update(picture(2_000_000_000, seats: [], held: 1), sendsSnapshot: false)
        #expect(String(decoding: whole?.bytes.prefix(15) ?? [], as: UTF8.self) == "event: snapshot")
        let opening = topic.opening(after: 1_000_000_003)
        #expect(String(decoding: opening?.bytes.prefix(15) ?? [], as: UTF8.self) == "event: snapshot")
    }

    @Test("the history for reconnecting clients is bounded, however much changes")
    func bounded() throws {
        var topic = LiveTopic()
        for step in 0..<300 {
            let sign = step.isMultiple(of: 2) ? SeatMap.free : SeatMap.held
            let seats = [UInt8](repeating: sign, count: 2000)
            _ = topic.update(picture(Int64(1_000_000_000 + step), seats: seats), sendsSnapshot: false)
        }
        let last: Int64 = 1_000_000_299
        let oldest = try #require(topic.opening(after: last - 20))
        #expect(oldest.bytes.count < 128 * 1024)
        #expect(String(decoding: oldest.bytes.prefix(19), as: UTF8.self) == "event: availability")
        #expect(
            String(decoding: topic.opening(after: last - 90)?.bytes.prefix(15) ?? [], as: UTF8.self)
                == "event: snapshot")
    }
}
