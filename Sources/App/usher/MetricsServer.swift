import HTTP
import Loops
import Metrics

/// A `MetricsServer` on its own loop.
struct RunningMetricsServer: Sendable {
    private let loop: EventLoop
    private let holder: Holder

    // SAFETY of @unchecked: `server` is touched in its loop's isolation only.
    private final class Holder: @unchecked Sendable {
        var server: MetricsServer?
    }

    /// Starts it on `USHER_METRICS_PORT`; `nil` if that is not set.
    static func start(_ settings: Settings) async throws -> RunningMetricsServer? {
        let port = try settings.metricsPort()
        guard let port else { return nil }
        let host = settings.host
        let loop = try EventLoop(name: "usher-metrics")
        let holder = Holder()
        try await loop.run { loop in holder.server = try MetricsServer(loop: loop, host: host, port: port) }
        return RunningMetricsServer(loop: loop, holder: holder)
    }

    func stop() async {
        await loop.run { _ in
            await holder.server?.stop()
            holder.server = nil
        }
        loop.stop()
    }
}

/// Serves `/metrics` and `/livez` on a separate port. Runs on one loop.
final class MetricsServer {
    private let server: HTTPServer

    /// Starts listening. Call on the loop's thread only.
    init(loop: EventLoop, host: String, port: Int) throws {
        let router = Router()
        router.add(.get, "/livez", .health) { _ in .json(200, Array("{\"status\":\"ok\"}".utf8)) }
        router.add(.get, "/metrics", .health) { _ in
            HTTPResponse(
                status: 200, headers: [("Content-Type", Registry.mediaType), ("Cache-Control", "no-store")],
                body: Array(Registry.shared.text.utf8))
        }
        server = HTTPServer(loop: loop, limits: HTTPLimits(), handler: router)
        do throws(HTTPServerError) {
            _ = try server.listen(host: host, port: port, reusePort: false)
        } catch {
            throw Failure("USHER_METRICS_PORT: \(error.description).")
        }
    }

    func stop() async { await server.drain(within: .seconds(1)) }
}
