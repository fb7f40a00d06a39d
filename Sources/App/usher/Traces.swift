import Foundation
import Loops
import Telemetry

/// Exports this process's traces on its own loop, if the settings name a destination.
struct Traces: Sendable {
    private let loop: EventLoop
    private let holder: Holder

    // SAFETY of @unchecked: `exporter` is touched in its loop's isolation only.
    private final class Holder: @unchecked Sendable {
        var exporter: TraceExporter?
    }

    /// Starts the exporter. Call before creating anything that is traced.
    ///
    /// - Parameter service: the service name, unless `OTEL_SERVICE_NAME` is set.
    /// - Returns: `nil` if traces are not configured.
    static func start(_ settings: Settings, service: String) async throws -> Traces? {
        guard let destination = try settings.traces(service: service) else { return nil }
        let loop = try EventLoop(name: "traces")
        let holder = Holder()
        await loop.run { loop in holder.exporter = TraceExporter(loop: loop, destination: destination) }
        return Traces(loop: loop, holder: holder)
    }

    /// Sends the remaining traces, then stops.
    func stop() async {
        await loop.run { _ in
            await holder.exporter?.stop()
            holder.exporter = nil
        }
        loop.stop()
    }
}

extension Settings {
    /// The destination of traces, from OpenTelemetry's variables; `nil` if they name none.
    func traces(service: String) throws -> TraceDestination? {
        let whole = text("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
        guard var url = whole ?? text("OTEL_EXPORTER_OTLP_ENDPOINT") else { return nil }
        let name = whole == nil ? "OTEL_EXPORTER_OTLP_ENDPOINT" : "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
        guard Self.isWebAddress(url) else { throw Failure("\(name) must be an http or https address.") }
        if whole == nil {
            while url.hasSuffix("/") { url.removeLast() }
            url += "/v1/traces"
        }
        if let wanted = text("OTEL_EXPORTER_OTLP_PROTOCOL"), wanted != "http/json" {
            throw Failure("OTEL_EXPORTER_OTLP_PROTOCOL must be http/json, not “\(wanted)”.")
        }
        return TraceDestination(
            url: url, headers: try traceHeaders(), service: text("OTEL_SERVICE_NAME") ?? service)
    }

    private func traceHeaders() throws -> [(name: String, value: String)] {
        try (text("OTEL_EXPORTER_OTLP_HEADERS") ?? "").split(separator: ",").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            guard parts.count == 2, !parts[0].isEmpty, let value = parts[1].removingPercentEncoding else {
                throw Failure("OTEL_EXPORTER_OTLP_HEADERS must be name=value pairs, separated by commas.")
            }
            return (parts[0], value)
        }
    }
}
