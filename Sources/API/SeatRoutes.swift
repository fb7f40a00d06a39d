import Booking
import HTTPServer
import Inventory
import JSON
import Records

/// `/v1/events/{id}/seats` and `/v1/events/{id}/blocks`.
final class SeatRoutes {
    private let context: APIContext

    init(_ context: APIContext) { self.context = context }

    func add(to router: Router) {
        router.add(.get, "/v1/events/{id}/seats", .catalogue) { request in
            await answer { try await self.seats(request) }
        }
        router.add(.post, "/v1/events/{id}/blocks", .administrators) { request in
            await answer { try await self.block(request) }
        }
        router.add(.delete, "/v1/events/{id}/blocks/{block}", .administrators) { request in
            await answer { try await self.unblock(request) }
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

    /// An event of general admission only has a map without seats.
    private func withoutSeats(_ id: EventID) async throws -> HTTPResponse {
        guard let event = try await context.catalogue.event(id), event.status != "draft" else {
            throw Problem.eventNotFound
        }
        let sequence = try await context.inventory.availability(id)?.sequence ?? 0
        return .json(200, Array("{\"eventId\":\"\(id)\",\"seq\":\(sequence),\"seats\":[]}".utf8))
    }

    // MARK: - Blocks

    private func block(_ request: HTTPRequest) async throws -> HTTPResponse {
        _ = try context.authenticator.admin(request)
        let event = try await context.event(request.parameters["id"] ?? "")
        var body = try RequestBody(request)
        let ids = body.has("seatIds") ? body.required("seatIds", ClaimBody.seatIDs(&body)) : []
        let tierText = ids?.isEmpty == true ? body.required("tierId", body.text("tierId", 36...36)) : nil
        let quantity = ids?.isEmpty == true ? body.required("quantity", body.integer("quantity", 1...10_000_000)) : nil
        let tier = tierText.flatMap { TierID($0) }
        if tierText != nil, tier == nil { body.wrong("tierId", "It must be the id of a tier.") }
        try body.finish()
        let seats = try ClaimBody.positions(ids ?? [], of: event, pointer: "/seatIds")
        let id = BlockID(context.uuid())
        let outcome = try await context.inventory.block(
            id, event: event, tier: tier, quantity: Int(quantity ?? 0), seats: seats)
        guard case .blocked(let block) = outcome else { throw try await refusal(outcome, event) }
        let made = Self.json(block, event)
        request.audit?.after = made
        return HTTPResponse(
            status: 201,
            headers: [
                ("Content-Type", "application/json"), ("Location", "/v1/events/\(event)/blocks/\(block.id)"),
            ], body: made)
    }

    private func refusal(_ outcome: BlockOutcome, _ event: EventID) async throws -> Problem {
        switch outcome {
        case .soldOut: return Problem(.soldOut, "Fewer are free.")
        case .seatsTaken(let seats): return .seatsUnavailable(seats, event)
        case .unknownTier: return .invalid([("/tierId", "The event has no such tier.")])
        case .unknownSeats(let seats): return .unknownSeats(seats, event, "/seatIds")
        case .seated: return .invalid([("/quantity", "The tier is sold by seat.")])
        case .mixed: return .invalid([("/seatIds", "The seats are of several tiers.")])
        case .noEvent, .blocked: return try await context.notInRedis(event)
        }
    }

    private func unblock(_ request: HTTPRequest) async throws -> HTTPResponse {
        _ = try context.authenticator.admin(request)
        let event = try await context.event(request.parameters["id"] ?? "")
        guard let id = BlockID(request.parameters["block"] ?? "") else {
            throw Problem(.notFound, "There is no such block.")
        }
        request.audit?.subject = AuditEntry.Subject("block", id.description)
        if try await !context.inventory.unblock(id, event: event), try await context.catalogue.event(event) == nil {
            throw Problem.eventNotFound
        }
        return HTTPResponse(status: 204)
    }

    private static func json(_ block: Block, _ event: EventID) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.member("id", block.id.description)
        json.member("eventId", event.description)
        json.member("tierId", block.tier.description)
        json.member("quantity", Int64(block.quantity))
        json.key("seatIds")
        json.beginArray()
        for seat in block.seats { json.string(SeatID(event: event, position: seat).description) }
        json.endArray()
        json.endObject()
        return json.bytes
    }
}
