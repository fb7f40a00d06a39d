import Accounts
import BoxOffice
import Cryptography
import HTTP
import Logging
import Loops
import Metrics
import PostgresClient
import Records

/// Logs what administrators and services do; one per loop.
///
/// An administrator's write is announced in PostgreSQL before it runs, and refused if that fails: whatever happens to
/// this process, the log has an entry. Entries of frequent calls (claims, and all that services do) and of refusals to
/// unknown callers are buffered and written a little later, several in one statement; a crash loses the buffered ones.
/// See docs/adr/0023-accounts-and-audit.md.
final class AuditTrail {
    private let loop: EventLoop
    private let log: AuditLog
    private let authenticator: Authenticator
    private let random: RandomSource
    private let now: () -> Int64
    private var pending: [AuditEntry] = []
    private var lost = 0
    private var isFlushing = false
    private var timer: LoopTimer?
    private var budget = RefusalBudget()
    private var summaryTimer: LoopTimer?

    /// How long entries are buffered.
    private static let pause = Duration.milliseconds(250)
    /// Pause after PostgreSQL failed to store entries.
    private static let retryPause = Duration.seconds(1)
    /// Most entries in one statement.
    private static let batch = 500
    /// Most entries buffered while PostgreSQL is away; further ones are counted, and their number is recorded.
    private static let limit = 10_000

    /// - Parameter now: Unix milliseconds.
    init(
        loop: EventLoop, log: AuditLog, authenticator: Authenticator, random: RandomSource,
        now: @escaping () -> Int64
    ) {
        self.loop = loop
        self.log = log
        self.authenticator = authenticator
        self.random = random
        self.now = now
    }

    /// Wraps the handler of a route that may leave an entry.
    func watching(_ route: Router.Route, _ handler: @escaping Router.Handler) -> Router.Handler {
        let action = AuditAction(route)
        guard action.isWrite || action.isAdministrative else { return handler }
        return { [self] request in await watch(request, action, handler) }
    }

    private func watch(
        _ request: HTTPRequest, _ action: AuditAction, _ handler: Router.Handler
    ) async -> HTTPResponse {
        let principal = (try? authenticator.principal(of: request)) ?? nil
        guard action.isWrite, let principal, principal.isAdmin || principal.isService else {
            return await watchUnprivileged(request, action, principal, handler)
        }
        let draft = draft(request, action, Self.actor(principal))
        if principal.isService { Self.nameUser(of: request, in: draft) }
        request.attachment = draft
        let isAnnounced = principal.isAdmin && !action.isClaim
        if isAnnounced {
            do throws(PostgresError) {
                try await log.begin(draft.intent)
            } catch {
                return Problem.records(error).response()
            }
        }
        var response = await handler(request)
        response.attachment = draft
        let entry = draft.entry(response)
        if isAnnounced { await append(entry) } else { keep(entry) }
        return response
    }

    /// Logs failed logins, changes of the caller's own account, and refused calls of administrators' routes.
    private func watchUnprivileged(
        _ request: HTTPRequest, _ action: AuditAction, _ principal: Principal?, _ handler: Router.Handler
    ) async -> HTTPResponse {
        guard action.isLogin || action.isAdministrative || action.isPersonal else { return await handler(request) }
        let draft = draft(request, action, principal.map(Self.actor) ?? AuditEntry.Actor(.user, nil))
        request.attachment = draft
        var response = await handler(request)
        if action.isPersonal, response.status < 400, let principal {
            draft.subject = AuditEntry.Subject("user", principal.id.text)
            response.attachment = draft
            keep(draft.entry(response))
            return response
        }
        let isGuess = action.isLogin || action.isPersonal
        let isRefused = [401, 403].contains(response.status) || isGuess && response.status == 429
        guard isRefused else { return response }
        response.attachment = draft
        keep(draft, response, of: request)
        return response
    }

    /// Logs a call of an administrators' route that was refused before its body was read.
    func refused(_ head: HTTPRequest, _ route: Router.Route, _ response: HTTPResponse) {
        let action = AuditAction(route)
        guard action.isAdministrative else { return }
        let principal = (try? authenticator.principal(of: head)) ?? nil
        keep(draft(head, action, principal.map(Self.actor) ?? AuditEntry.Actor(.user, nil)), response, of: head)
    }

    private func keep(_ draft: AuditDraft, _ response: HTTPResponse, of request: HTTPRequest) {
        if budget.admits(request.subscriber, now: monotonicNanoseconds() / 1_000_000) {
            keep(draft.entry(response))
        } else {
            summarizeLater()
        }
    }

    private static func actor(_ principal: Principal) -> AuditEntry.Actor {
        AuditEntry.Actor(principal.isService ? .service : .user, principal.id.text)
    }

    private func draft(_ request: HTTPRequest, _ action: AuditAction, _ actor: AuditEntry.Actor) -> AuditDraft {
        let now = now()
        return AuditDraft(
            id: AuditEntry.id(milliseconds: now, random: (random.next(), random.next())), at: now,
            action: action.name, actor: actor, subject: action.subject(of: request), request)
    }

    /// Records the user that a service acts for.
    private static func nameUser(of request: HTTPRequest, in draft: AuditDraft) {
        if let user = request.header("x-on-behalf-of") { draft.reason = "on behalf of \(user)" }
    }

    // MARK: - Writing

    /// Writes an announced entry; if that fails, it is retried later, and the announcement remains until then.
    private func append(_ entry: AuditEntry) async {
        do throws(PostgresError) {
            try await log.append([entry])
        } catch {
            keep(entry)
        }
    }

    /// Buffers an entry for the next statement.
    func keep(_ entry: AuditEntry) {
        guard pending.count < Self.limit else {
            lost += 1
            ServeMetrics.shared.auditLost[].add()
            return
        }
        pending.append(entry)
        if pending.count >= Self.batch { loop.spawn { [self] in await flush() } } else { flush(after: Self.pause) }
    }

    private func flush(after pause: Duration) {
        guard timer == nil, !isFlushing else { return }
        timer = try? LoopTimer(loop: loop, after: pause, repeats: false) { [weak self] in
            guard let self else { return }
            timer = nil
            loop.spawn { await self.flush() }
        }
    }

    private func flush() async {
        guard !isFlushing else { return }
        isFlushing = true
        defer { isFlushing = false }
        while !pending.isEmpty {
            guard await flushOnce() else {
                isFlushing = false
                return flush(after: Self.retryPause)
            }
        }
    }

    /// Writes the oldest entries; false if PostgreSQL is away.
    private func flushOnce() async -> Bool {
        let batch = Array(pending.prefix(Self.batch))
        do throws(PostgresError) {
            try await log.append(batch)
            pending.removeFirst(batch.count)
            noteLost()
            return true
        } catch  where error.sqlStateClass == "22" || error.sqlStateClass == "23" || error.code == .misuse {
            // One entry cannot be stored; write them one by one so that it does not block the others.
            for entry in batch where await !isStored(entry) {
                Log.error("an audit entry cannot be stored") { line in
                    line.add("requestId", entry.requestID)
                    line.add("action", entry.action)
                }
            }
            pending.removeFirst(batch.count)
            return true
        } catch {
            return false
        }
    }

    private func isStored(_ entry: AuditEntry) async -> Bool {
        do throws(PostgresError) {
            try await log.append([entry])
            return true
        } catch {
            return false
        }
    }

    /// Logs how many entries were lost while PostgreSQL was away.
    private func noteLost() {
        guard lost > 0 else { return }
        let count = lost
        lost = 0
        Log.error("audit entries were lost") { $0.add("entries", Int64(count)) }
        pending.append(system("audit.lost", "\(count) entries could not be stored while PostgreSQL was away"))
    }

    private func system(_ action: String, _ reason: String) -> AuditEntry {
        let now = now()
        return AuditEntry(
            id: AuditEntry.id(milliseconds: now, random: (random.next(), random.next())), at: now,
            actor: AuditEntry.Actor(.system, "serve"), action: action, outcome: .done, reason: reason)
    }

    private func summarizeLater() {
        guard summaryTimer == nil, let time = budget.summaryTime else { return }
        let wait = Duration.milliseconds(max(0, time - monotonicNanoseconds() / 1_000_000))
        summaryTimer = try? LoopTimer(loop: loop, after: wait, repeats: false) { [weak self] in self?.summarize() }
    }

    private func summarize() {
        summaryTimer = nil
        if let text = budget.summary() { keep(system("refusals.coalesce", text)) }
    }

    /// Writes the remaining entries; call before the connections to PostgreSQL are closed.
    func close(within time: Duration) async {
        summaryTimer?.cancel()
        summarize()
        let end = ContinuousClock.now + time
        while isFlushing, ContinuousClock.now < end { await loop.sleep(for: .milliseconds(5)) }
        timer?.cancel()
        timer = nil
        // Stays set: no flush may start after this.
        isFlushing = true
        while !pending.isEmpty, ContinuousClock.now < end, await flushOnce() {}
        if !pending.isEmpty { Log.error("audit entries were lost") { $0.add("entries", Int64(pending.count)) } }
    }
}
