import EventLoop
import HTTPServer
import Metrics

/// `/metrics` and `/livez` of a process that serves nothing else. Lives on one loop.
final class MetricsServer {
    private let server: HTTPServer

    /// Listens. On the loop's thread only.
    init(loop: EventLoop, host: String, port: Int) throws {
        let router = Router()
        router.add(.get, "/livez") { _ in .json(200, Array("{\"status\":\"ok\"}".utf8)) }
        router.add(.get, "/metrics") { _ in
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

    /// Answers no more.
    func stop() async { await server.drain(within: .seconds(1)) }
}
