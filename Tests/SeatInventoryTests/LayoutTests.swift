import BoxOffice
import Foundation
import Support
import Testing

@testable import SeatInventory

/// The layouts of Redis values are described in Swift, in Lua and in the docs. The descriptions must agree.
@Suite("Redis layouts")
struct LayoutTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../..").standardizedFileURL.path

    private static func text(_ path: String) throws -> String {
        try String(contentsOfFile: "\(root)/\(path)", encoding: .utf8)
    }

    /// A row of a Markdown table, its cells without markup.
    private struct Row {
        let cells: [String]

        init(_ line: Substring) {
            let text = line.replacing("\\|", with: "\u{1}")
            cells = text.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast().map { cell in
                cell.replacing("\u{1}", with: "|").replacing("`", with: "").trimmingCharacters(in: .whitespaces)
            }
        }
    }

    /// `docs/redis.md`, then `docs/outbox.md`.
    private static func document() throws -> String { try text("docs/redis.md") + text("docs/outbox.md") }

    /// The text below a heading, up to the next heading.
    private static func section(_ heading: String) throws -> Substring {
        let document = try document()
        let start = try #require(document.firstRange(of: "\n\(heading)\n"), "the documents have no “\(heading)”")
            .upperBound
        let rest = document[start...]
        return rest[..<(rest.firstRange(of: "\n#")?.lowerBound ?? rest.endIndex)]
    }

    /// The first table of a section, without its header.
    private static func table(_ section: Substring) -> [Row] {
        let lines = section.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.drop { !$0.hasPrefix("|") }.prefix { $0.hasPrefix("|") }.dropFirst(2).map(Row.init)
    }

    /// The field widths of a `struct.pack` format.
    private static func widths(_ form: Substring) -> [Int] {
        form.matches(of: /([BIc])(\d*)/).map { $0.2.isEmpty ? 1 : Int($0.2) ?? 0 }
    }

    @Test("have the same fields in the same order in Swift, Lua and the docs", arguments: Layout.all)
    func layouts(_ layout: Layout) throws {
        let section = try Self.section("### \(layout.name)")
        let rows = Self.table(section).map(\.cells)
        let fields = layout.fields.map { field in ["\(field.offset)", "\(field.width)", field.name] }
        let documented = rows.map { [$0[0], $0[1].filter(\.isNumber), $0[2]] }
        #expect(documented == fields)
        for (row, field) in zip(rows, layout.fields) {
            let isNumber = row[1].hasPrefix("number")
            #expect(isNumber == (field.kind == .number), "\(field.name)")
        }
        let name = try #require(section.firstMatch(of: /`layout\.(\w+)` in Lua/), "no name in Lua").1
        let lua = try Self.text("lua/lib/layout.lua")
        let form = try #require(lua.firstMatch(of: try Regex("layout\\.\(name) = '(>[^']*)'"))?[1].substring)
        #expect(Self.widths(form) == layout.fields.map(\.width), "\(form)")
        #expect(Self.widths(layout.packFormat[...]) == layout.fields.map(\.width))
    }

    @Test("every format that Lua packs is documented, or part of a documented one")
    func forms() throws {
        let lua = try Self.text("lua/lib/layout.lua")
        let names = Set(lua.matches(of: /(?m)^layout\.(\w+) = '>/).map { String($0.1) })
        let document = try Self.document()
        let documented = Set(document.matches(of: /`layout\.(\w+)` in Lua/).map { String($0.1) })
        // Parts of a record's head; single numbers; a block in an entry; heads of operations, which are never stored.
        let parts: Set = [
            "record_state", "record_entry", "record_times", "moment", "numbers_rest", "time", "epoch", "entry_number",
            "payment_with_mark", "hint", "seat", "entry_block", "trace",
            "move", "move_with_key", "claim", "claim_with_key", "one_shot_claim", "one_shot_with_key",
        ]
        #expect(names.subtracting(parts).subtracting(documented).isEmpty)
        #expect(documented.isSubset(of: names))
    }

    @Test("a status has the same number in all descriptions")
    func statuses() throws {
        let lua = try Self.text("lua/lib/layout.lua")
        var numbers: [String: Int] = [:]
        for match in lua.matches(of: /(?m)^(layout\.\w+(?:, layout\.\w+)*) = (\d+(?:, \d+)*)$/) {
            let values = match.2.split(separator: ", ").compactMap { Int($0) }
            for (name, value) in zip(match.1.split(separator: ", "), values) {
                numbers[String(name.dropFirst("layout.".count))] = value
            }
        }
        let document = try Self.document()
        for status in BookingStatus.allCases {
            #expect(numbers[status.rawValue.lowercased()] == status.number)
            #expect(document.contains("| \(status.rawValue) | \(status.number) |"))
            let record = BookingRecord(
                image: Self.image(status), epoch: 1, entry: nil, flags: [], left: [0], firstAnswer: nil)
            #expect(Int(record.bytes[1]) == status.number)
            #expect(BookingRecord(record.bytes[...]) == record)
        }
        for status in PaymentStatus.allCases {
            #expect(numbers["payment_" + status.rawValue.lowercased()] == status.number)
            #expect(document.contains(" \(status.rawValue) | \(status.number) |"))
        }
    }

    private static func image(_ status: BookingStatus) -> Booking {
        Booking(
            version: 1, status: status, expiresAt: 2, paymentDeadline: nil, attempts: 0, extensions: 0, createdAt: 1,
            updatedAt: 1, confirmedAt: nil, event: EventID(UUIDBytes(high: 1, low: 1)), user: UserID(stored: "u"),
            totalAmount: 3,
            currency: "EUR", key: nil,
            items: [BookingItem(tier: TierID(UUIDBytes(high: 2, low: 2)), quantity: 1, unitAmount: 3)], payment: nil,
            reason: nil)
    }

    @Test("docs/redis.md lists exactly the keys that Swift and Lua use")
    func keys() throws {
        let kinds = Set(
            Self.table(try Self.section("## Keys")).map { row in String(row.cells[0].prefix { $0 != ":" }) })
        let keys = KeySpace(partitions: 4)
        let event = EventID(UUIDBytes(high: 1, low: 1))
        let partition = keys.partition(of: event)
        let booking = BookingID(partition: partition, milliseconds: 1, random: 1)
        let names: [[UInt8]] =
            [
                keys.meta(partition), keys.outbox(partition), keys.due(partition), keys.event(event),
                keys.queue(event), keys.expiries(event), keys.paying(event), keys.seatMap(event),
                keys.longestRuns(event), keys.blocks(event), keys.dayKeys(event, day: 1),
            ].map { Array($0.utf8) } + [
                keys.booking(booking), keys.idempotency(partition, digest: Digest128(high: 1, low: 1)),
            ]
        // Row offsets and loaded bookings are used by Lua only.
        #expect(Set(names.map(StoredValue.kind)).union(["o", "known"]) == kinds)
        let lua = try Self.text("lua/lib/policies.lua")
        let named = Set(lua.matches(of: /tag \.\. '(\w+):?'/).map { String($0.1) })
        // Lua derives the other keys' names from this one.
        #expect(named.union(["e"]) == kinds)
    }

    @Test("docs/redis.md has the fields of policy, outbox and meta")
    func fields() throws {
        let document = try Self.document()
        let policy = (EventPolicy.termNames + ["epoch", "rows"]).joined(separator: "\\|")
        #expect(document.contains("`\(policy)`"))
        let outbox = Self.table(try Self.section("## Fields")).map { $0.cells[0] }
        #expect(outbox == ["h", "t", "a", "v", "bl", "ub"])
        let meta = Set(Self.table(try Self.section("## `meta`")).map { $0.cells[0] })
        let folder = try FileManager.default.contentsOfDirectory(atPath: Self.root + "/lua")
        var written: Set<String> = []
        for file in folder where file.hasSuffix(".lua") {
            for match in try Self.text("lua/\(file)").matches(of: /'H(?:SET|DEL)', meta_key,([^)]*)\)/) {
                let names = match.1.matches(of: /'([a-z]{2,})'/).map { String($0.1) }
                written.formUnion(names.filter { !["recovering", "suspect"].contains($0) })
            }
        }
        #expect(written.subtracting(meta).isEmpty, "docs/redis.md lacks fields of meta")
        #expect(written.count >= 8)
    }
}
