import BoxOffice
import JSON
import Records
import Text

/// The seat plans of events, cached in memory since they never change. One per loop.
final class SeatCache {
    private let store: SeatStore
    private var plans: [EventID: SeatPlan] = [:]
    /// Least recently used first.
    private var order: [EventID] = []

    /// An event of 100,000 seats takes about 30 MB once its seats were read.
    private static let limit = 32

    init(_ store: SeatStore) { self.store = store }

    /// The event's seats; `nil` if it has none.
    func plan(of event: EventID) async throws -> SeatPlan? {
        if let known = plans[event] {
            if order.last != event {
                order.removeAll { $0 == event }
                order.append(event)
            }
            return known
        }
        guard let map = try await store.map(of: event) else { return nil }
        let plan = SeatPlan(event: event, map: map)
        if plans.count >= Self.limit { plans[order.removeFirst()] = nil }
        plans[event] = plan
        order.removeAll { $0 == event }
        order.append(event)
        return plan
    }
}

/// The seats of one event, and the last answer to `GET …/seats`.
final class SeatPlan {
    let event: EventID
    let map: SeatMap
    /// The JSON array of seats without their statuses, and where each status goes.
    private lazy var template = Self.template(event, map)
    /// The last answer, and its sequence number.
    private(set) var answer: (sequence: Int64, body: [UInt8], tag: EntityTag)?

    init(event: EventID, map: SeatMap) {
        self.event = event
        self.map = map
    }

    /// Renders what seats have in common only once: 100,000 of them must not block the loop for too long.
    private static func template(_ event: EventID, _ map: SeatMap) -> (bytes: [UInt8], ends: [Int]) {
        var bytes = Array("[".utf8)
        bytes.reserveCapacity(192 * map.seatCount)
        var ends: [Int] = []
        ends.reserveCapacity(map.seatCount)
        var texts: [ExactText: [UInt8]] = [:]
        func text(_ string: String) -> [UInt8] {
            if let known = texts[ExactText(string)] { return known }
            var json = JSONWriter()
            json.string(string)
            texts[ExactText(string)] = json.bytes
            return json.bytes
        }
        let beginning = Array("{\"id\":\"".utf8)
        let ending = Array(",\"status\":".utf8)
        for (index, row) in map.rows.enumerated() {
            let common =
                Array("\",\"tierId\":\"\(row.tier)\",\"section\":".utf8) + text(row.section)
                + Array(",\"row\":".utf8) + text(row.name) + Array(",\"number\":".utf8)
            for (place, number) in row.seats.enumerated() {
                if !ends.isEmpty { bytes.append(UInt8(ascii: ",")) }
                bytes += beginning
                let position = SeatPosition(row: index, place: place)
                bytes.append(contentsOf: SeatID(event: event, position: position).description.utf8)
                bytes += common
                bytes += text(number)
                bytes += ending
                ends.append(bytes.count)
            }
        }
        return (bytes, ends)
    }

    private static let available = Array("\"available\"}".utf8)
    private static let held = Array("\"held\"}".utf8)
    private static let sold = Array("\"sold\"}".utf8)
    private static let blocked = Array("\"blocked\"}".utf8)

    /// Renders the answer for a map's bytes, and caches it.
    func render(_ bytes: [UInt8], sequence: Int64) {
        var body: [UInt8] = []
        body.reserveCapacity(template.bytes.count + 16 * template.ends.count + 100)
        body += "{\"eventId\":\"\(event)\",\"seq\":\(sequence),\"seats\":".utf8
        var start = 0
        var seat = 0
        for byte in bytes where byte != SeatMap.separator && seat < template.ends.count {
            let end = template.ends[seat]
            body += template.bytes[start..<end]
            switch byte {
            case SeatMap.free: body += Self.available
            case SeatMap.held: body += Self.held
            case SeatMap.sold: body += Self.sold
            default: body += Self.blocked
            }
            start = end
            seat += 1
        }
        body += "]}".utf8
        answer = (sequence, body, EntityTag(sequence: sequence, of: bytes))
    }
}
