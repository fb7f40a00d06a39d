import BoxOffice
import Loops
import RedisClient
import SeatInventory
import Support
import Testing

@testable import Reconciliation

/// Writes entries to an outbox, every other one in the first form, some with mutated bytes.
struct EntryForge {
    private let stage: Stage
    private let event: EventID
    private var random: SeededGenerator
    /// The fields of a genuine entry, that of `model`.
    private let fields: [[UInt8]]
    private let model: (booking: BookingID, image: Booking)
    /// The ids of mutated entries.
    private(set) var mutated: Set<StreamID> = []
    /// The images that PostgreSQL must have: of the model, and of the entries that were not mutated.
    private(set) var images: [BookingID: Booking]

    /// Entries per pipeline.
    private static let chunk = 1000

    /// Makes a claim, whose entry is the model.
    init(_ stage: Stage, _ event: EventID, _ random: SeededGenerator) async throws {
        self.stage = stage
        self.event = event
        self.random = random
        let booking = try await stage.claim(event)
        let outbox = stage.inventory.keys.outbox(stage.inventory.keys.partition(of: event))
        let entry = try await stage.inventory.command(["XRANGE", outbox, "-", "+"]).array?.last?.array?.last?.array
        fields = try #require(entry).map { $0.bytes ?? [] }
        model = (booking, try #require(try await stage.inventory.booking(booking)).image)
        images = [booking: model.image]
    }

    /// Writes `count` entries, each of its own booking; mutates one in every `spacing`, never the last.
    mutating func write(_ count: Int, spacing: Int) async throws {
        var number = 0
        while number < count {
            var commands: [RedisCommand] = []
            var harmed: [Int] = []
            for _ in 0..<min(Self.chunk, count - number) {
                number += 1
                var (booking, fields) = entry(UInt64(number))
                if number % spacing == spacing / 2 {
                    harmed.append(commands.count)
                    mutate(&fields)
                } else {
                    images[booking] = model.image
                }
                commands.append(command(fields))
            }
            let ids = await send(commands)
            for index in harmed { mutated.insert(try #require(ids[index])) }
        }
    }

    /// Writes an entry with any timestamp.
    mutating func write(at milliseconds: Int64) async throws -> BookingID {
        let booking = booking(UInt64(images.count))
        var fields = firstForm(booking)
        fields[7] = Array("\(milliseconds)".utf8)
        images[booking] = model.image
        _ = try #require(await send([command(fields)])[0])
        return booking
    }

    private func entry(_ number: UInt64) -> (BookingID, [[UInt8]]) {
        let booking = booking(number)
        guard !number.isMultiple(of: 2) else { return (booking, firstForm(booking)) }
        let (old, new) = (model.booking.uuid.bytes, booking.uuid.bytes)
        return (booking, fields.map { $0.replacing(old, with: new) })
    }

    private func booking(_ number: UInt64) -> BookingID {
        // Far apart, so that a mutated id is not the id of another booking.
        BookingID(
            partition: model.booking.partition, milliseconds: 1_000_000, random: number &* 0x9e37_79b9_7f4a_7c15)
    }

    /// The text form that older versions wrote.
    private func firstForm(_ booking: BookingID) -> [[UInt8]] {
        let counters = "\(stage.tier(event)) 2000000000 1999999999 1 0 0 100 general"
        return [
            "ev", event.description, "ep", "1", "sq", "1", "at", "\(model.image.createdAt)", "ty", counters,
            booking.description, model.image.text + "||",
        ].map { Array($0.utf8) }
    }

    /// Changes, removes or inserts a few bytes of one field; every byte of the entry is equally likely.
    private mutating func mutate(_ fields: inout [[UInt8]]) {
        var left = Int.random(in: 0..<fields.reduce(0) { $0 + $1.count }, using: &random)
        var index = 0
        while left >= fields[index].count {
            left -= fields[index].count
            index += 1
        }
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            // Most resemble the original, so that the entry can be parsed but means something else.
            let byte =
                switch Int.random(in: 0..<4, using: &random) {
                case 0: UInt8.random(in: .min ... .max, using: &random)
                case 1: fields[index].randomElement(using: &random) ?? 0
                default: UInt8(ascii: "0") + UInt8.random(in: 0...9, using: &random)
                }
            let place = Int.random(in: 0...max(0, fields[index].count - 1), using: &random)
            switch Int.random(in: 0..<8, using: &random) {
            case 0: fields[index].insert(byte, at: place)
            case 1 where !fields[index].isEmpty: fields[index].remove(at: place)
            case _ where !fields[index].isEmpty: fields[index][place] = byte
            default: fields[index].append(byte)
            }
        }
    }

    private func command(_ fields: [[UInt8]]) -> RedisCommand {
        var command = RedisCommand(argumentCount: fields.count + 3)
        command.append("XADD")
        command.append(stage.inventory.keys.outbox(stage.inventory.keys.partition(of: event)))
        command.append("*")
        for field in fields { command.append(field) }
        return command
    }

    private func send(_ commands: [RedisCommand]) async -> [StreamID?] {
        let connection = stage.connection
        return await withUnsafeContinuation { continuation in
            var ids: [StreamID?] = []
            for command in commands {
                connection.send(command) { result in
                    ids.append((try? result.get())?.string.flatMap { StreamID($0) })
                    if ids.count == commands.count { continuation.resume(returning: ids) }
                }
            }
        }
    }
}

extension Stage {
    /// These entries of an outbox, as they are parsed.
    func outbox(_ partition: Partition, _ ids: Set<StreamID>) async throws -> [ParsedEntry] {
        var found: [ParsedEntry] = []
        for id in ids {
            let reply = try await inventory.command([
                "XRANGE", inventory.keys.outbox(partition), id.description, id.description,
            ])
            guard let entry = reply.array?.first else { continue }
            found.append(try #require(ParsedEntry(entry, of: partition, partitions: Self.partitionCount)))
        }
        return found
    }
}
