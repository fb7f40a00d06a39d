import Metrics

/// The version of Usher.
enum Version {
    /// The version of the binary and of the API that it serves; a test compares `info.version` of `openapi.yaml` with
    /// it.
    static let current = "1.0.0"

    private static let metric = Registry.shared.gauge(
        "usher_build_info", "The version of this process; the value is always 1.", ["version"])

    /// Sets the metric.
    static func tell() { metric[current].set(1) }
}
