import Accounts
import BoxOffice
import Cryptography
import HTTP
import JSON
import Records
import SeatInventory

/// `/v1/bookings`: claim and read.
final class BookingRoutes {
    private let context: APIContext
    private let bookings: BookingReader
    private let claims: ClaimRoute
    private let lists: BookingLists

    init(_ context: APIContext, _ claims: ClaimRoute, _ lists: BookingLists) {
        self.context = context
        self.claims = claims
        self.lists = lists
        bookings = BookingReader(context)
    }

    func add(to router: Router) {
        router.add(.post, "/v1/bookings", .claim, taker: { self.claims.take($0) }) { request in
            await answer { try await self.claims.claim(request) }
        }
        router.add(.get, "/v1/bookings", .authenticated) { request in await answer { try await self.list(request) } }
        router.add(.get, "/v1/bookings/{id}", .authenticated, taker: { self.take($0) }) { request in
            await answer { try await self.read(request) }
        }
    }

    // MARK: - Reading

    private func read(_ request: HTTPRequest) async throws -> HTTPResponse {
        let principal = try context.authenticator.required(request)
        let user = principal.isAdmin ? nil : try context.authenticator.user(request)
        let id = try context.booking(request)
        guard let found = try await bookings.read(id), user == nil || found.image.user == user else {
            throw Problem.bookingNotFound
        }
        return .json(200, await context.json(id, found.image, persisted: found.persisted))
    }

    /// Takes a read by a user's token of a booking that Redis has.
    private func take(_ exchange: HTTPExchange) -> Bool {
        guard let caller = context.authenticator.verified(exchange), !caller.isService,
            let id = BookingID(utf8: exchange.request.parameter(0), partitions: context.inventory.keys.partitions)
        else { return false }
        let user = caller.isAdmin ? nil : caller.user
        bookings.read(id) { [self] found in
            guard let found, !found.image.hasSeats else {
                return exchange.laterTraced { [self] request in await answer { try await read(request) } }
            }
            guard user == nil || found.image.user == user else {
                return exchange.answer(Self.notFound.response())
            }
            var json = JSONWriter(capacity: 1024)
            BookingJSON.write(id, found.image, nil, persisted: found.persisted, availability: nil, to: &json)
            exchange.answer(HTTPResponse(status: 200, body: json.bytes, lines: HTTPResponse.jsonLine))
        }
        return true
    }

    private static let notFound = ProblemTemplate(.bookingNotFound)

    private func list(_ request: HTTPRequest) async throws -> HTTPResponse {
        let user = try context.authenticator.user(request)
        var query = try QueryFields(request)
        var wanted = try await ListQuery(&query, context)
        guard wanted.eventFailure == nil else { return await lists.json(.unknown) }
        wanted.filter.user = user
        return await lists.json(await lists.page(wanted.filter, limit: wanted.limit))
    }
}
