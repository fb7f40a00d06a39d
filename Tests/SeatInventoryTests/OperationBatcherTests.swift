import BoxOffice
import Loops
import Testing

@testable import SeatInventory

@Suite("Batching of operations")
struct OperationBatcherTests {
    /// Records the groups sent, by the numbers of their claims, and lets the test answer them.
    private final class Flights {
        var groups: [[UInt64]] = []
        private var landings: [(Bool) -> Void] = []

        func depart(_ group: [OperationBatcher.Waiting], _ landed: @escaping (Bool) -> Void) {
            groups.append(
                group.compactMap { member in
                    switch member.operation {
                    case .claim(let request): UInt64(request.user.text)
                    case .move(let request, _): request.booking.uuid.low & 0xffff
                    case .block, .unblock, .expire: 0
                    }
                })
            landings.append(landed)
        }

        /// Answers the oldest group in flight.
        func land(answered: Bool = true) { landings.removeFirst()(answered) }
    }

    private static func withBatcher(
        _ body: @escaping @Sendable (EventLoop, OperationBatcher, Flights) async throws -> Void
    ) async throws {
        let loop = try EventLoop(name: "test")
        defer { loop.stop() }
        try await loop.run { loop in
            let flights = Flights()
            let batcher = OperationBatcher(loop: loop)
            batcher.send = { _, group, landed in flights.depart(group, landed) }
            try await body(loop, batcher, flights)
        }
    }

    private static func add(_ numbers: ClosedRange<UInt64>, of event: UInt64 = 1, to batcher: OperationBatcher) {
        for number in numbers {
            let request = ClaimRequest(
                booking: BookingID(partition: Partition(0), milliseconds: 1, random: number),
                event: EventID(UUIDBytes(high: 1, low: event)), user: "\(number)",
                items: [.units(TierID(UUIDBytes(high: 7, low: 7)), 1)], idempotency: nil, answersLater: false,
                traceparent: "")
            batcher.add(
                OperationBatcher.Waiting(operation: .claim(request), again: false) { _ in }, of: request.event)
        }
    }

    /// Waits for several ticks.
    private static func ticks(_ loop: EventLoop) async {
        for _ in 0..<3 { await loop.sleep(for: .milliseconds(1)) }
    }

    /// Adds claims, and waits until every group that may be sent is sent.
    private static func come(
        _ numbers: ClosedRange<UInt64>, of event: UInt64 = 1, to batcher: OperationBatcher, _ loop: EventLoop
    ) async {
        add(numbers, of: event, to: batcher)
        await ticks(loop)
    }

    @Test("the first operation is sent at once; later ones are sent together after its answer, in order")
    func company() async throws {
        try await Self.withBatcher { loop, batcher, flights in
            await Self.come(1...1, to: batcher, loop)
            await Self.come(2...3, to: batcher, loop)
            Self.add(4...6, to: batcher)
            await Self.come(7...7, of: 2, to: batcher, loop)
            // Another event does not wait for this one's answer.
            #expect(flights.groups == [[1], [7]])
            flights.land()
            await Self.ticks(loop)
            #expect(flights.groups == [[1], [7], [2, 3, 4, 5, 6]])
        }
    }

    @Test("operations of all kinds are sent together, in the order of arrival")
    func mixed() async throws {
        try await Self.withBatcher { loop, batcher, flights in
            let event = EventID(UUIDBytes(high: 1, low: 1))
            func move(_ number: UInt64, _ move: Operation.Move) {
                let request = TransitionRequest(
                    booking: BookingID(partition: Partition(0), milliseconds: 1, random: number), user: nil,
                    awaitsAck: false, idempotency: nil, traceparent: "")
                batcher.add(OperationBatcher.Waiting(operation: .move(request, move), again: false) { _ in }, of: event)
            }
            Self.add(1...2, to: batcher)
            move(3, .extend)
            Self.add(4...4, to: batcher)
            move(5, .beginPayment(PaymentID(UUIDBytes(high: 1, low: 5)), provider: "simulated"))
            move(6, .cancel(reason: "admin"))
            batcher.add(OperationBatcher.Waiting(operation: .expire, again: false) { _ in }, of: event)
            await Self.ticks(loop)
            #expect(flights.groups == [[1, 2, 3, 4, 5, 6, 0]])
        }
    }

    @Test("half a group is sent while another is in flight, never a third group, and none has more than 64")
    func bounds() async throws {
        try await Self.withBatcher { loop, batcher, flights in
            await Self.come(1...1, to: batcher, loop)
            await Self.come(2...32, to: batcher, loop)
            #expect(flights.groups.count == 1)
            await Self.come(33...33, to: batcher, loop)
            await Self.come(34...200, to: batcher, loop)
            #expect(flights.groups == [[1], Array(2...33)])
            flights.land()
            await Self.ticks(loop)
            #expect(flights.groups.dropFirst(2) == [Array(34...97)])
            flights.land()
            flights.land()
            await Self.ticks(loop)
            #expect(flights.groups.dropFirst(3) == [Array(98...161), Array(162...200)])
        }
    }

    @Test("if Redis does not answer, all waiting operations are sent at once")
    func silence() async throws {
        try await Self.withBatcher { loop, batcher, flights in
            await Self.come(1...1, to: batcher, loop)
            await Self.come(2...2, to: batcher, loop)
            await Self.come(3...200, to: batcher, loop)
            #expect(flights.groups == [[1], Array(2...65)])
            flights.land(answered: false)
            await Self.ticks(loop)
            #expect(flights.groups.dropFirst(2) == [Array(66...129), Array(130...193), Array(194...200)])
            // Afterwards batching works as before.
            for _ in 0..<4 { flights.land() }
            Self.add(201...201, to: batcher)
            await Self.come(202...202, to: batcher, loop)
            #expect(flights.groups.last == [201, 202])
        }
    }
}
