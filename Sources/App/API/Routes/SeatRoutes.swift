import BoxOffice
import HTTP
import JSON
import Records
import SeatInventory

/// `/v1/events/{id}/seats`.
final class SeatRoutes {
    private let context: APIContext

    init(_ context: APIContext) { self.context = context }

    func add(to router: Router) {
        router.add(.get, "/v1/events/{id}/seats", .catalogue) { request in
            await answer { try await self.seats(request) }
        }
    }

    private func seats(_ request: HTTPRequest) async throws -> HTTPResponse {
        let id = try await context.event(request.parameters["id"] ?? "")
        guard let plan = try await context.seats.plan(of: id) else { return try await withoutSeats(id) }
        var seats = try await context.inventory.seats(id, known: plan.answer?.sequence)
        if case .unknown = seats {
            try await context.bring(id)
            seats = try await context.inventory.seats(id, known: nil)
        }
        switch seats {
        case .unchanged: break
        case .map(let sequence, let bytes): plan.render(bytes, sequence: sequence)
        case .unknown: throw try await context.notInRedis(id)
        }
        guard let answer = plan.answer else { throw InventoryError(.recovering) }
        return answer.tag.answer(request, answer.body)
    }

    /// An event of general admission has an empty seat map.
    private func withoutSeats(_ id: EventID) async throws -> HTTPResponse {
        guard let event = try await context.catalogue.event(id), event.status != "draft" else {
            throw Problem.eventNotFound
        }
        let sequence = try await context.inventory.availability(id)?.sequence ?? 0
        return .json(200, Array("{\"eventId\":\"\(id)\",\"seq\":\(sequence),\"seats\":[]}".utf8))
    }
}
