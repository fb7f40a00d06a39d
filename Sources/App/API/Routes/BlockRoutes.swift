import Accounts
import BoxOffice
import HTTP
import JSON
import Records
import SeatInventory

/// `/v1/events/{id}/blocks`: units and seats that administrators take off sale.
final class BlockRoutes {
    private let context: APIContext

    init(_ context: APIContext) { self.context = context }

    func add(to router: Router) {
        let path = "/v1/events/{id}/blocks"
        router.add(.get, path, .administrators) { request in await answer { try await self.list(request) } }
        router.add(.post, path, .administrators) { request in await answer { try await self.block(request) } }
        router.add(.delete, path + "/{block}", .administrators) { request in
            await answer { try await self.unblock(request) }
        }
    }

    private func event(_ request: HTTPRequest) async throws -> EventID {
        try await context.event(request.parameters["id"] ?? "", asAdmin: true)
    }

    // MARK: - Reading

    private func list(_ request: HTTPRequest) async throws -> HTTPResponse {
        _ = try context.authenticator.admin(request)
        let event = try await event(request)
        var query = try QueryFields(request)
        let limit = Int(query.integer("limit", 1...100) ?? 20)
        let cursor = query.text("cursor")
        let after = cursor.flatMap { BlockID($0) }
        if cursor != nil, after == nil { query.wrong("cursor", "It must be a nextCursor.") }
        try query.finish()
        let rest = try await blocks(of: event).filter { block in after.map { $0.uuid < block.id.uuid } ?? true }
        let page = rest.prefix(limit)
        var json = JSONWriter(capacity: 4096)
        json.beginObject()
        json.key("data")
        json.beginArray()
        for block in page { Self.write(block, event, to: &json) }
        json.endArray()
        json.member("nextCursor", rest.count > limit ? page.last?.id.description : nil)
        json.endObject()
        return .json(200, json.bytes)
    }

    /// The event's blocks, ordered by id. Redis has the latest; if it does not answer, PostgreSQL has what is
    /// persisted.
    private func blocks(of event: EventID) async throws -> [Block] {
        if let blocks = try? await context.inventory.blocks(of: event) { return blocks }
        guard try await context.catalogue.event(event) != nil else { throw Problem.eventNotFound }
        return try await context.seatStore.blocks(of: event)
    }

    // MARK: - Writing

    private func block(_ request: HTTPRequest) async throws -> HTTPResponse {
        let admin = try context.authenticator.admin(request)
        let event = try await event(request)
        var body = try RequestBody(request)
        let ids = body.has("seatIds") ? body.required("seatIds", ClaimBody.seatIDs(&body)) : []
        let tier =
            ids?.isEmpty == true ? body.required("tierId", body.id("tierId", of: "a tier") { TierID($0) }) : nil
        let quantity = ids?.isEmpty == true ? body.required("quantity", body.integer("quantity", 1...10_000_000)) : nil
        let alias = body.idempotencyKey()
        try body.finish()
        let key = try IdempotencyKey(request, alias: alias)?.bound(
            user: admin.id, target: event.uuid, action: .block, body: body, secret: context.fingerprintKey)
        let seats = try ClaimBody.positions(ids ?? [], of: event, pointer: "/seatIds")
        let outcome = try await context.inventory.block(
            BlockID(context.uuid()), event: event, tier: tier, quantity: Int(quantity ?? 0), seats: seats,
            idempotency: key)
        switch outcome {
        case .blocked(let block): return Self.made(block, event, [], request)
        case .replayed(let block): return Self.made(block, event, [("Idempotent-Replayed", "true")], request)
        default: throw try await refusal(outcome, event, quantity: quantity)
        }
    }

    private static func made(
        _ block: Block, _ event: EventID, _ headers: [(name: String, value: String)], _ request: HTTPRequest
    ) -> HTTPResponse {
        let usual = [
            (name: "Content-Type", value: "application/json"),
            (name: "Location", value: "/v1/events/\(event)/blocks/\(block.id)"),
        ]
        var json = JSONWriter()
        write(block, event, to: &json)
        request.audit?.after = json.bytes
        return HTTPResponse(status: 201, headers: usual + headers, body: json.bytes)
    }

    private func refusal(_ outcome: BlockOutcome, _ event: EventID, quantity: Int64?) async throws -> Problem {
        switch outcome {
        case .soldOut:
            return Problem(.soldOut, "Fewer than \(quantity ?? 1) units of the tier are free.")
        case .seatsTaken(let seats): return .seatsUnavailable(seats, event)
        case .unknownTier: return .invalid([("/tierId", "The event has no such tier.")])
        case .unknownSeats(let seats): return .unknownSeats(seats, event, "/seatIds")
        case .seated: return .invalid([("/quantity", "The tier is sold by seat.")])
        case .mixed: return .invalid([("/seatIds", "The seats belong to several tiers.")])
        case .keyReused: return .keyReused
        case .noEvent, .blocked, .replayed: return try await context.notInRedis(event)
        }
    }

    private func unblock(_ request: HTTPRequest) async throws -> HTTPResponse {
        _ = try context.authenticator.admin(request)
        let event = try await event(request)
        guard let id = BlockID(request.parameters["block"] ?? "") else {
            throw Problem(.notFound, "There is no such block.")
        }
        request.audit?.subject = AuditEntry.Subject("block", id.description)
        if try await !context.inventory.unblock(id, event: event), try await context.catalogue.event(event) == nil {
            throw Problem.eventNotFound
        }
        return HTTPResponse(status: 204)
    }

    // MARK: - JSON

    private static func write(_ block: Block, _ event: EventID, to json: inout JSONWriter) {
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
    }
}
