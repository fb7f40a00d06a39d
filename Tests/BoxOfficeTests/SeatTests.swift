import BoxOffice
import Testing

@Suite("Seats")
struct SeatTests {
    private let event = EventID(UUIDBytes(high: 0x1111_2222_3333_4444, low: 0x8555_6666_7777_8888))
    private let stalls = TierID(UUIDBytes(high: 1, low: 1))
    private let circle = TierID(UUIDBytes(high: 2, low: 2))
    private let hall = VenueLayout(sections: [
        .init(name: "A", rows: [.init(name: "1", seats: ["1", "2", "3"]), .init(name: "2", seats: ["1", "2"])]),
        .init(name: "B", rows: [.init(name: "1", seats: ["10", "12"])]),
    ])

    @Test("a seat's id contains its position and belongs to one event")
    func identifiers() {
        let other = EventID(UUIDBytes(high: 0x1111_2222_3333_4444, low: 0x8555_6666_7777_8889))
        for position in [SeatPosition(row: 0, place: 0), SeatPosition(row: 1_999, place: 1_023)] {
            let id = SeatID(event: event, position: position)
            #expect(id.uuid.version == 8)
            #expect(SeatID(id.description)?.position(in: event) == position)
            #expect(id.position(in: other) == nil)
        }
        #expect(SeatID(event.description)?.position(in: event) == nil)
    }

    @Test("rows follow the order of tiers and of their sections")
    func order() throws {
        let map = try #require(SeatMap(hall, tiers: [(circle, ["B"]), (stalls, ["A"])]))
        #expect(map.rows.map { "\($0.section)\($0.name)" } == ["B1", "A1", "A2"])
        #expect(map.rows(of: stalls) == 1...2)
        #expect(map.seatCount == 7)
        #expect(map.contains(SeatPosition(row: 1, place: 2)))
        #expect(!map.contains(SeatPosition(row: 0, place: 2)))
        #expect(!map.contains(SeatPosition(row: 3, place: 0)))
        #expect(SeatMap(hall, tiers: [(stalls, ["A"]), (circle, ["A"])]) == nil)
        #expect(SeatMap(hall, tiers: [(stalls, ["C"])]) == nil)
    }

    @Test("one byte per seat, plus the rows' offsets and longest free runs")
    func bytes() throws {
        let map = try #require(SeatMap(hall, tiers: [(stalls, ["A", "B"])]))
        let taken = [SeatPosition(row: 0, place: 1): SeatMap.sold, SeatPosition(row: 2, place: 0): SeatMap.held]
        let bytes = map.bytes(taken)
        #expect(String(decoding: bytes, as: UTF8.self) == ".s.|..|h.|")
        #expect(map.offsets == [0, 0, 0, 0, 0, 4, 0, 0, 7, 0, 0, 10])
        #expect(SeatMap.runs(bytes) == [129, 130, 129])
        let long = SeatMap(rows: [.init(tier: stalls, section: "A", name: "1", seats: Array(repeating: "", count: 500))]
        )
        #expect(SeatMap.runs(long.bytes()) == [255])
    }
}
