import Foundation
import HTTP
import Loops
import Synchronization

/// An outside identity provider on the loopback interface that serves only a key set.
final class Issuer: Sendable {
    let url: String
    private let loop: EventLoop
    private let holder = Holder()
    private let page: Page

    // SAFETY of @unchecked: touched in its loop's isolation only.
    private final class Holder: @unchecked Sendable {
        var server: HTTPServer?
    }

    /// The response, and the number of requests.
    final class Page: Sendable {
        struct State {
            var status = 200
            var headers: [(String, String)] = []
            var body: [UInt8] = []
            var requests = 0
        }
        let state = Mutex(State())
    }

    private final class Handler: HTTPHandler {
        private let page: Page
        init(_ page: Page) { self.page = page }

        func respond(to request: HTTPRequest) async -> HTTPResponse {
            page.state.withLock { state in
                state.requests += 1
                return HTTPResponse(
                    status: state.status,
                    headers: state.headers.map { (name: $0.0, value: $0.1) }, body: state.body)
            }
        }
    }

    init(_ body: [UInt8]) async throws {
        let page = Page()
        page.state.withLock { $0.body = body }
        let loop = try EventLoop(name: "issuer")
        let holder = holder
        let port = try await loop.run { loop in
            let server = HTTPServer(loop: loop, limits: HTTPLimits(), handler: Handler(page))
            holder.server = server
            return try server.listen(host: "127.0.0.1", port: 0, reusePort: false)
        }
        self.page = page
        self.loop = loop
        url = "http://127.0.0.1:\(port)/keys"
    }

    func answer(_ status: Int, headers: [(String, String)] = [], _ body: [UInt8]) {
        page.state.withLock {
            $0.status = status
            $0.headers = headers
            $0.body = body
        }
    }

    var requests: Int { page.state.withLock { $0.requests } }

    func stop() async {
        let holder = holder
        await loop.run { _ in
            await holder.server?.drain(within: .seconds(1))
            holder.server = nil
        }
        loop.stop()
    }
}
