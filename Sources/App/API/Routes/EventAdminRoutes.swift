import BoxOffice
import HTTP
import Records
import SeatInventory
import Text

/// Administrators' actions on events: create, change, publish, cancel.
final class EventAdminRoutes {
    private let context: APIContext

    init(_ context: APIContext) { self.context = context }

    func add(to router: Router) {
        router.add(.post, "/v1/events", .administrators) { request in await answer { try await self.create(request) } }
        router.add(.patch, "/v1/events/{id}", .administrators) { request in
            await answer { try await self.change(request) }
        }
        router.add(.post, "/v1/events/{id}/publish", .administrators) { request in
            await answer { try await self.publish(request) }
        }
        router.add(.post, "/v1/events/{id}/cancel", .administrators) { request in
            await answer { try await self.cancel(request) }
        }
    }

    private func create(_ request: HTTPRequest) async throws -> HTTPResponse {
        _ = try context.authenticator.admin(request)
        var body = try RequestBody(request)
        var draft = try EventBody.read(&body, id: EventID(context.uuid())) { TierID(context.uuid()) }
        var seats: SeatMap?
        if let venue = draft.event.venueID {
            guard let record = try await context.venues.venue(venue) else {
                throw Problem(.venueNotFound, "There is no such venue.")
            }
            seats = try VenueBody.layout(of: record).seatMap(&draft)
            draft.event.venue = record.name
        }
        try await context.catalogue.create(
            draft.event, partition: context.inventory.keys.partition(of: draft.event.id), seats: seats)
        if draft.isPublished { try await onSale(draft.event.id) }
        context.catalogueChanged()
        return try await told(draft.event.id, 201, [("Location", "/v1/events/\(draft.event.id)")], request)
    }

    private func publish(_ request: HTTPRequest) async throws -> HTTPResponse {
        _ = try context.authenticator.admin(request)
        let id = try await context.event(request.parameters["id"] ?? "", asAdmin: true)
        guard let event = try await context.catalogue.event(id) else { throw Problem.eventNotFound }
        guard event.status != "cancelled" else { throw Problem.eventCancelled }
        request.audit?.describe(event)
        try await onSale(id)
        context.catalogueChanged()
        return try await told(id, 200, [], request)
    }

    /// PostgreSQL first: if Redis lost the event, the reconciler would restore it.
    private func onSale(_ id: EventID) async throws {
        guard try await context.catalogue.publish(id), let event = try await context.catalogue.event(id) else {
            throw Problem.eventNotFound
        }
        try await context.load(event)
    }

    private func change(_ request: HTTPRequest) async throws -> HTTPResponse {
        _ = try context.authenticator.admin(request)
        let id = try await context.event(request.parameters["id"] ?? "", asAdmin: true)
        var body = try RequestBody(request)
        var patch = try EventPatch(&body) { TierID(context.uuid()) }
        let expected = try ExpectedVersions(request)
        func judged(_ event: EventRecord) throws(Problem) -> EventRecord {
            guard expected.contains(event.version) else {
                throw Problem(.preconditionFailed, "The event is of version \(event.version).")
            }
            return try patch.applied(to: event)
        }
        let addsTiers = patch.addsTiers
        if addsTiers {
            let found = try await context.catalogue.addTiers(to: id) { event in
                _ = try judged(event)
                return try patch.addedTiers(to: event)
            }
            guard found else { throw Problem.eventNotFound }
        }
        // Terms judged together with the added tiers are not checked against the version again, which may have changed
        // since.
        let settled = patch
        try await update(id, terms: settled.terms) { event in
            request.audit?.describe(event)
            return addsTiers ? try settled.applied(to: event) : try judged(event)
        }
        return try await told(id, 200, [], request)
    }

    /// Marks the event as cancelled; the reconciler releases holds, and cancels and refunds bookings, in the
    /// background.
    private func cancel(_ request: HTTPRequest) async throws -> HTTPResponse {
        _ = try context.authenticator.admin(request)
        let id = try await context.event(request.parameters["id"] ?? "", asAdmin: true)
        try await update(id) { event in
            request.audit?.describe(event)
            var event = event
            event.status = "cancelled"
            return event
        }
        return try await told(id, 200, [], request)
    }

    /// Redis first, while PostgreSQL's rows are locked: if either fails, the request is not reported as done, and a
    /// retry is safe.
    ///
    /// - Parameter terms: capacities and prices that change in Redis; PostgreSQL gets them from there.
    private func update(
        _ id: EventID, terms: [TierTerms] = [],
        _ change: (EventRecord) throws -> EventRecord
    ) async throws {
        let found = try await context.catalogue.update(id) { [context] old in
            let new = try change(old)
            guard old.status != "draft" else { return new }
            let change = { [context] () async throws(InventoryError) in
                try await context.inventory.update(new.policy(clock: 0, seats: nil), tiers: terms)
            }
            var outcome = try await change()
            if outcome == .unknown {
                // The event never reached Redis: its publication was interrupted, or it was cancelled as a draft.
                try await context.load(old)
                outcome = try await change()
            }
            switch outcome {
            case .done: return new
            case .committed(let units): throw Problem.capacityBelowCommitted(units, terms, of: old)
            case .unknown: throw InventoryError(.recovering)
            }
        }
        guard found else { throw Problem.eventNotFound }
        context.catalogueChanged()
    }

    private func told(
        _ id: EventID, _ status: Int, _ headers: [(name: String, value: String)], _ request: HTTPRequest
    ) async throws -> HTTPResponse {
        guard let event = try await context.catalogue.event(id) else { throw Problem.eventNotFound }
        request.audit?.after = EventJSON.bytes(event, nil)
        let version = (name: "X-Event-Version", value: "\"\(event.version)\"")
        return HTTPResponse(
            status: status, headers: [("Content-Type", "application/json"), version] + headers,
            body: EventJSON.bytes(event, await context.live(id)))
    }
}

extension Problem {
    /// Tiers would have fewer units than are held, sold or blocked.
    fileprivate static func capacityBelowCommitted(
        _ units: [CommittedUnits], _ terms: [TierTerms], of event: EventRecord
    ) -> Problem {
        let sentences = units.map { units in
            let name = event.tiers.first { $0.id == units.tier }?.name ?? units.tier.description
            let wanted = terms.last { $0.tier == units.tier }?.capacity.map { String($0) } ?? "the new capacity"
            let committed = units.held + units.sold + units.blocked
            return "\(name) cannot have \(wanted): \(committed) are taken (\(units.held) held, \(units.sold) sold, "
                + "\(units.blocked) blocked)."
        }
        return Problem(.capacityBelowCommitted, sentences.joined(separator: " "))
    }
}
