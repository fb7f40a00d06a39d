import HTTPClient
package import Loops
import Metrics
package import Tracing

/// The collector that traces are sent to.
package struct TraceDestination: Sendable {
    /// The full address, such as `http://collector:4318/v1/traces`.
    package let url: String
    /// Headers of each request; they may contain credentials.
    package let headers: [(name: String, value: String)]
    /// The service name of this process.
    package let service: String

    package init(url: String, headers: [(name: String, value: String)], service: String) {
        (self.url, self.headers, self.service) = (url, headers, service)
    }
}

/// Sends spans in batches, one request at a time, by OTLP over HTTP in JSON (OpenTelemetry protocol 1.5). Spans that
/// cannot be sent are dropped and counted; the process never waits for a collector. Lives on one loop.
package final class TraceExporter {
    private let destination: TraceDestination
    private let tracer: Tracer
    private let web: WebClient
    private var timer: LoopTimer?
    private var isSending = false

    /// Spans per request, as in OpenTelemetry's own exporters.
    private static let batch = 512
    /// Short enough that recent spans can be inspected soon.
    private static let pause = Duration.seconds(1)
    /// As in OpenTelemetry's own exporters.
    private static let timeout = Duration.seconds(10)
    /// For the last request, which must not delay the process's exit.
    private static let lastTimeout = Duration.seconds(2)

    /// Starts recording and sending spans. On the loop's thread only.
    package init(loop: EventLoop, destination: TraceDestination, tracer: Tracer = .shared) {
        self.destination = destination
        self.tracer = tracer
        web = WebClient(loop: loop)
        tracer.start()
        timer = try? LoopTimer(loop: loop, after: Self.pause, repeats: true) { [weak self] in
            loop.spawn { await self?.send(within: Self.timeout) }
        }
    }

    /// Sends the remaining spans once, and stops.
    package func stop() async {
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
            // If the collector does not answer, wait for the next second.
            guard isTaken else { return }
        }
    }
}
