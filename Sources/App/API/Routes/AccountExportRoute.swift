import Accounts
import BoxOffice
import HTTP
import JSON
import Loops
import Records

/// `GET /v1/auth/me/export`: everything stored about the caller. It is read and sent in pages, so that a long history
/// takes no more memory than a short one.
final class AccountExportRoute {
    private let context: APIContext
    private let accounts: AccountService
    private let log: AuditLog

    private static let page = 50
    /// The next page is read when no more than this is unsent.
    private static let backlog = 64 * 1024
    private static let backlogLimit = 4 * 1024 * 1024

    init(_ context: APIContext, _ accounts: AccountService) {
        self.context = context
        self.accounts = accounts
        log = AuditLog(pool: context.pool)
    }

    func add(to router: Router) {
        router.add(.get, "/v1/auth/me/export", .authenticated) { request in
            await answer { try await self.export(request) }
        }
    }

    private func export(_ request: HTTPRequest) async throws -> HTTPResponse {
        let principal = try context.authenticator.required(request)
        guard !principal.isService else { throw Problem(.forbidden, "A service has no account.") }
        var query = try QueryFields(request)
        try query.finish()
        let user = try await accounts.user(principal)
        let sessions = user == nil ? [] : try await accounts.sessions(of: principal)
        // Read before the response begins, so that an error can still be answered as one.
        let first = try await bookings(principal.id, before: nil)
        var json = JSONWriter(capacity: 4096)
        json.beginObject()
        json.key("account")
        AuthRoutes.write(
            id: principal.id.text, email: user?.email ?? principal.email, name: user?.name ?? principal.name,
            roles: user?.roles ?? principal.roles, to: &json)
        json.member("createdAt", user.map { Timestamp.format($0.createdAt) })
        json.key("sessions")
        OwnAccountRoutes.write(sessions, to: &json)
        json.key("bookings")
        json.raw(Array("[".utf8))
        let stream = HTTPResponseStream(loop: context.loop, backlogBytes: Self.backlogLimit)
        stream.write(json.bytes)
        context.loop.spawn { [self] in
            await write(principal.id, first, to: stream)
            stream.end()
        }
        return HTTPResponse(status: 200, headers: [("Content-Type", "application/json")], stream: stream)
    }

    private func bookings(_ user: UserID, before: BookingID?) async throws -> [BookingRow] {
        try await context.store.list(
            BookingFilter(user: user, before: before, now: context.now), limit: Self.page)
    }

    /// A failure midway truncates the answer: it is invalid JSON then, so that the client cannot take it for complete.
    private func write(_ user: UserID, _ first: [BookingRow], to stream: HTTPResponseStream) async {
        var rows = first
        var isFirst = true
        while !rows.isEmpty {
            var text: [UInt8] = []
            for row in rows {
                if !isFirst { text.append(UInt8(ascii: ",")) }
                isFirst = false
                text += await context.json(row.id, row.image, persisted: true)
            }
            guard await send(text, to: stream) else { return }
            guard rows.count == Self.page, let last = rows.last else { break }
            guard let next = try? await bookings(user, before: last.id) else { return }
            rows = next
        }
        guard await send(Array("],\"auditLog\":[".utf8), to: stream), await writeEntries(user, to: stream) else {
            return
        }
        stream.write(Array("]}".utf8))
    }

    /// Writes the audit log's entries about what the caller did, and about what was done to the account.
    ///
    /// Filters by kind as well as by id: a service may be named like a user, and an event or booking may have a user's
    /// id.
    private func writeEntries(_ user: UserID, to stream: HTTPResponseStream) async -> Bool {
        var isFirst = true
        for (actor, subject) in [(user.text, nil), (nil, user.text)] as [(String?, String?)] {
            var before: UUIDBytes?
            repeat {
                guard
                    let entries = try? await log.list(
                        actor: actor, actorKind: actor == nil ? nil : .user, subject: subject,
                        subjectKind: subject == nil ? nil : "user", action: nil, before: before, limit: Self.page)
                else { return false }
                before = entries.count == Self.page ? entries.last?.id : nil
                // The caller's own actions on the account are already in the first list.
                let told = actor != nil ? entries : entries.filter { !Self.isBy(user, $0) }.map(Self.withoutActor)
                var text: [UInt8] = []
                for entry in told {
                    if !isFirst { text.append(UInt8(ascii: ",")) }
                    isFirst = false
                    var json = JSONWriter()
                    AuditEntryJSON.write(entry, to: &json)
                    text += json.bytes
                }
                guard await send(text, to: stream) else { return false }
            } while before != nil
        }
        return true
    }

    private static func isBy(_ user: UserID, _ entry: AuditEntry) -> Bool {
        entry.actor.kind == .user && entry.actor.id.map { UserID(stored: $0) } == user
    }

    /// The entry without the data about its actor: that another person acted on the account concerns its owner, but not
    /// who it was and from where. The request's id is left out too, since it leads to the same data in the server's
    /// log.
    private static func withoutActor(_ entry: AuditEntry) -> AuditEntry {
        var entry = entry
        entry.actor = AuditEntry.Actor(entry.actor.kind, nil)
        entry.address = nil
        entry.requestID = nil
        return entry
    }

    /// Sends `text` and waits until the client has received most of it.
    private func send(_ text: [UInt8], to stream: HTTPResponseStream) async -> Bool {
        guard stream.write(text) else { return false }
        while stream.isOpen, stream.unsentBytes > Self.backlog { await context.loop.sleep(for: .milliseconds(10)) }
        return stream.isOpen
    }
}
