import BoxOffice
import HTTP
import JSON
import PostgresClient
import SeatInventory

/// `/livez` and `/readyz`.
final class HealthRoutes {
    private let context: APIContext

    init(_ context: APIContext) { self.context = context }

    func add(to router: Router) {
        let body = Array("{\"status\":\"ok\"}".utf8)
        var answer = HTTPResponse(status: 200, body: body)
        answer.lines = HTTPResponse.jsonLine
        let alive = answer
        router.add(
            .get, "/livez", .health,
            taker: { exchange in
                exchange.answer(alive)
                return true
            }
        ) { _ in .json(200, body) }
        router.add(.get, "/readyz", .health) { _ in await self.ready() }
    }

    /// Checks what a request needs: a script on Redis, a query on PostgreSQL, and a validated inventory.
    func ready() async -> HTTPResponse {
        var checks: [(name: String, failure: String?)] = []
        checks.append(("redis", await failure { try await self.askRedis() }))
        checks.append(("postgres", await failure { _ = try await self.context.pool.query("SELECT 1 AS one") }))
        checks.append(("inventory", await failure { try await self.askInventory() }))
        let isReady = checks.allSatisfy { $0.failure == nil }
        var json = JSONWriter()
        json.beginObject()
        json.member("status", isReady ? "ok" : "unavailable")
        json.key("checks")
        json.beginObject()
        for check in checks { json.member(text: check.name, check.failure ?? "ok") }
        json.endObject()
        json.endObject()
        return .json(isReady ? 200 : 503, json.bytes)
    }

    private func failure(_ check: nonisolated(nonsending) () async throws -> Void) async -> String? {
        do {
            try await check()
            return nil
        } catch let error as InventoryError {
            return error.code == .recovering ? "recovering" : "unavailable"
        } catch {
            return "unavailable"
        }
    }

    private func askRedis() async throws {
        _ = try await context.inventory.availability(EventID(UUIDBytes(high: 0, low: 0)))
    }

    /// Checks that every partition is open under the identity of the Redis that this process talks to.
    private func askInventory() async throws {
        guard try await context.inventory.isValidated() else { throw InventoryError(.recovering) }
    }
}
