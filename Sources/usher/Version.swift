import Metrics

/// Which Usher this is.
enum Version {
    /// Of the binary and of the contract that it serves; a test holds `info.version` of `openapi.yaml` against it.
    static let current = "1.0.0"

    private static let metric = Registry.shared.gauge(
        "usher_build_info", "Which version this process is: 1, always.", ["version"])

    /// Tells it to Prometheus.
    static func tell() { metric[current].set(1) }
}
