import Foundation
import HTTP
import Loops
import Payments
import Support
import Synchronization

/// Receives callbacks, like `usher serve`, and stores them.
final class CallbackReceiver: Sendable {
    struct Callback: Sendable {
        let id: String
        let timestamp: String
        let signatures: String
        let body: [UInt8]

        var json: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any] ?? [:]
        }

        /// Whether the signature is valid at the time of signing.
        var isSigned: Bool {
            guard let signature = WebhookSignature(secrets: [Provider.secret]), let now = Int64(timestamp) else {
                return false
            }
            return signature.verify(id: id, timestamp: timestamp, body: body, signatures: signatures, now: now)
        }
    }

    private final class Handler: HTTPHandler, Sendable {
        let callbacks = Mutex<[Callback]>([])
        /// Statuses to answer with before 200.
        let refusals = Mutex<[Int]>([])

        func respond(to request: HTTPRequest) async -> HTTPResponse {
            let callback = Callback(
                id: request.header("webhook-id") ?? "", timestamp: request.header("webhook-timestamp") ?? "",
                signatures: request.header("webhook-signature") ?? "", body: request.body)
            callbacks.withLock { $0.append(callback) }
            return HTTPResponse(status: refusals.withLock { $0.isEmpty ? 200 : $0.removeFirst() })
        }
    }

    // SAFETY of @unchecked: touched in its loop's isolation only.
    private final class Holder: @unchecked Sendable {
        var server: HTTPServer?
    }

    let url: String
    private let loop: EventLoop
    private let handler = Handler()
    private let holder = Holder()

    init() async throws {
        let loop = try EventLoop(name: "callbacks")
        let (handler, holder) = (handler, holder)
        let port = try await loop.run { loop in
            let server = HTTPServer(loop: loop, limits: HTTPLimits(), handler: handler)
            holder.server = server
            return try server.listen(host: "127.0.0.1", port: 0, reusePort: false)
        }
        self.loop = loop
        url = "http://127.0.0.1:\(port)/v1/payments/callback"
    }

    var callbacks: [Callback] { handler.callbacks.withLock { $0 } }

    /// Answers with these statuses first.
    func refuse(_ statuses: [Int]) { handler.refusals.withLock { $0 = statuses } }

    /// Waits until `count` callbacks have arrived.
    func wait(for count: Int) throws -> [Callback] {
        try eventually("\(count) callbacks have arrived") { callbacks.count >= count }
        return callbacks
    }

    func stop() async {
        let holder = holder
        await loop.run { _ in
            await holder.server?.drain(within: .seconds(1))
            holder.server = nil
        }
        loop.stop()
    }
}
