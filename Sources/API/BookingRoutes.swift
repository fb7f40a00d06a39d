import Accounts
import Booking
import Cryptography
import HTTPServer
import Inventory
import JSON
import Records

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
        router.add(.post, "/v1/bookings", .claim) { request in await answer { try await self.claims.claim(request) } }
        router.add(.get, "/v1/bookings", .authenticated) { request in await answer { try await self.list(request) } }
        router.add(.get, "/v1/bookings/{id}", .authenticated) { request in await answer { try await self.read(request) }
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

    private func list(_ request: HTTPRequest) async throws -> HTTPResponse {
        let user = try context.authenticator.user(request)
        var query = try QueryFields(request)
        var wanted = try await ListQuery(&query, context)
        guard wanted.eventFailure == nil else { return await lists.json(.unknown) }
        wanted.filter.user = user
        return await lists.json(await lists.page(wanted.filter, limit: wanted.limit))
    }
}
