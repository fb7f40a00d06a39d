import Accounts
import BoxOffice
import HTTP
import PostgresClient
import Records
import SeatInventory

/// `/v1/admin/bookings`: the bookings of all users, as JSON in pages or as one CSV.
final class AdminBookingRoutes {
    private let context: APIContext
    private let lists: BookingLists
    private let export: BookingExport

    /// User ids have at most 128 characters; older forms, which may be longer, can be searched for too.
    private static let userLimit = 1024

    init(_ context: APIContext, _ lists: BookingLists) {
        self.context = context
        self.lists = lists
        export = BookingExport(context)
    }

    func add(to router: Router) {
        router.add(.get, "/v1/admin/bookings", .administrators) { request in
            await answer { try await self.list(request) }
        }
    }

    private func list(_ request: HTTPRequest) async throws -> HTTPResponse {
        _ = try context.authenticator.admin(request)
        var query = try QueryFields(request)
        let user = query.filledText("userId")
        let email = query.filledText("email")
        if let user, user.utf8.count > Self.userLimit || user.utf8.contains(0) {
            query.wrong("userId", "It must be a user's id.")
        }
        let address = email.flatMap { EmailAddress($0) }
        if email != nil, address == nil { query.wrong("email", "It must be an e-mail address.") }
        var wanted = try await ListQuery(&query, context)
        wanted.filter.user = user.map { UserID(stored: $0) }
        let isTable = AcceptedMedia(request).prefers("text", "csv")
        if isTable { wanted.filter.before = nil }
        var response = try await found(wanted, address, isTable: isTable)
        response.headers.append(("Vary", "Accept"))
        return response
    }

    private func found(_ wanted: ListQuery, _ address: EmailAddress?, isTable: Bool) async throws -> HTTPResponse {
        var filter = wanted.filter
        if let failure = wanted.eventFailure {
            guard !isTable else { throw failure }
            return await lists.json(.unknown)
        }
        if let address {
            switch await account(address) {
            case .success(let account?) where filter.user == nil || filter.user == account:
                filter.user = account
            case .success:
                return try await emptyAnswer(isTable: isTable)
            case .failure(let error):
                guard !isTable else { throw error }
                return await lists.json(.unknown)
            }
        }
        guard isTable else { return await lists.json(await lists.page(filter, limit: wanted.limit)) }
        let passage = await lists.pass(filter.event)
        filter.now = passage.now ?? context.now
        let isComplete = passage.isComplete && !passage.hasDeadLetters
        return try await export.response(filter, isComplete: isComplete)
    }

    /// The user that has an account with this address.
    private func account(_ address: EmailAddress) async -> Result<UserID?, PostgresError> {
        do throws(PostgresError) {
            return .success(try await context.store.user(ofAddress: address.normalised))
        } catch {
            return .failure(error)
        }
    }

    /// The answer for an address that no account has.
    private func emptyAnswer(isTable: Bool) async throws -> HTTPResponse {
        guard isTable else { return await lists.json(BookingLists.Page(items: [], next: nil, isComplete: true)) }
        return try await export.response(BookingFilter(user: UserID(stored: "")), isComplete: true)
    }
}
