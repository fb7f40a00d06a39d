import Synchronization

/// Something that is rendered in the text format.
protocol Rendered: AnyObject, Sendable {
    var name: String { get }
    func write(to text: inout String)
}

/// The metric families of one process, rendered in name order (Prometheus, "Text-based format", version 0.0.4).
package final class Registry: Sendable {
    /// The process's registry.
    package static let shared = Registry()
    /// The content type of `text`.
    package static let mediaType = "text/plain; version=0.0.4; charset=utf-8"

    private let families = Mutex<[any Rendered]>([])

    package init() {}

    /// Adds a counter; its name must end in `_total`.
    package func counter(_ name: String, _ help: String, _ labels: [String] = []) -> Family<Counter> {
        add(Family(name, help, kind: "counter", labels: labels) { Counter() })
    }

    /// Adds a gauge.
    package func gauge(_ name: String, _ help: String, _ labels: [String] = []) -> Family<Counter> {
        add(Family(name, help, kind: "gauge", labels: labels) { Counter() })
    }

    /// Adds a gauge of a time in nanoseconds; its name must end in `_seconds`.
    package func time(_ name: String, _ help: String, _ labels: [String] = []) -> Family<Counter> {
        add(Family(name, help, kind: "gauge", labels: labels) { Counter(unit: .nanoseconds) })
    }

    /// Adds a histogram of durations; its name must end in `_seconds`.
    package func latency(_ name: String, _ help: String, _ labels: [String] = []) -> Family<Histogram> {
        add(
            Family(name, help, kind: "histogram", labels: labels) {
                Histogram(bounds: Histogram.latencies, unit: .nanoseconds)
            })
    }

    /// Adds a histogram of sizes.
    package func size(_ name: String, _ help: String, _ labels: [String] = []) -> Family<Histogram> {
        add(
            Family(name, help, kind: "histogram", labels: labels) {
                Histogram(bounds: Histogram.sizes, unit: .pieces)
            })
    }

    private func add<Member>(_ family: Family<Member>) -> Family<Member> {
        families.withLock { families in
            precondition(!families.contains { $0.name == family.name }, "\(family.name) is registered twice")
            families.append(family)
        }
        return family
    }

    /// All families in the text format.
    package var text: String {
        var text = ""
        for family in families.withLock({ $0 }).sorted(by: { $0.name < $1.name }) { family.write(to: &text) }
        return text
    }

    package var names: [String] { families.withLock { $0.map(\.name) }.sorted() }
}
