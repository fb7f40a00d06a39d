public import EventLoop
import Metrics
public import Tracing
import WebClient

/// Where traces are sent.
public struct TraceDestination: Sendable {
    /// The whole address, such as `http://collector:4318/v1/traces`.
    public let url: String
    /// Sent along; they may hold credentials.
    public let headers: [(name: String, value: String)]
    /// What the process is called.
    public let service: String

    /// A destination.
    public init(url: String, headers: [(name: String, value: String)], service: String) {
        (self.url, self.headers, self.service) = (url, headers, service)
    }
}

/// Sends spans in batches, one at a time, by OTLP over HTTP in JSON (OpenTelemetry protocol 1.5). What cannot be sent is
/// dropped and counted: nobody waits for a collector. Lives on one loop.
public final class TraceExporter {
    private let destination: TraceDestination
    private let tracer: Tracer
    private let web: WebClient
    private var timer: LoopTimer?
    private var isSending = false

    /// Spans in a request, as OpenTelemetry's own exporters have it.
    private static let batch = 512
    /// Short enough to look at what just happened.
    private static let pause = Duration.seconds(1)
    /// As OpenTelemetry's own exporters have it.
    private static let timeout = Duration.seconds(10)
    /// The last of them must not hold up the process's end.
    private static let lastTimeout = Duration.seconds(2)

    /// Begins to keep spans and to send them. On the loop's thread only.
    public init(loop: EventLoop, destination: TraceDestination, tracer: Tracer = .shared) {
        self.destination = destination
        self.tracer = tracer
        web = WebClient(loop: loop)
        tracer.start()
        timer = try? LoopTimer(loop: loop, after: Self.pause, repeats: true) { [weak self] in
            loop.spawn { await self?.send(within: Self.timeout) }
        }
    }

    /// Sends what waits, once, and ends.
    public func stop() async {
        timer?.cancel()
        timer = nil
        await send(within: Self.lastTimeout)
    }

    private func send(within timeout: Duration) async {
        guard !isSending else { return }
        isSending = true
        defer { isSending = false }
        while true {
            let (spans, dropped) = tracer.take(atMost: Self.batch)
            if dropped > 0 { StoreMetrics.shared.spans["dropped"].add(dropped) }
            guard !spans.isEmpty else { return }
            let request = WebRequest(
                url: destination.url, body: OTLP.json(spans, service: destination.service),
                headers: destination.headers, timeout: timeout)
            let answer = await web.send(request)
            let isTaken = answer.map { (200..<300).contains($0.status) } ?? false
            StoreMetrics.shared.spans[isTaken ? "sent" : "dropped"].add(spans.count)
            // The next second is soon enough to ask again somebody who does not answer.
            guard isTaken else { return }
        }
    }
}
