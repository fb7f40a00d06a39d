import Synchronization

/// Something that is told in the text format.
protocol Rendered: AnyObject, Sendable {
    var name: String { get }
    func write(to text: inout String)
}

/// The families that one process tells, in the order of their names (Prometheus, "Text-based format", version 0.0.4).
public final class Registry: Sendable {
    /// That of this process.
    public static let shared = Registry()
    /// What `text` is called in HTTP.
    public static let mediaType = "text/plain; version=0.0.4; charset=utf-8"

    private let families = Mutex<[any Rendered]>([])

    /// An empty registry.
    public init() {}

    /// Adds a number that only grows; its name ends in `_total`.
    public func counter(_ name: String, _ help: String, _ labels: [String] = []) -> Family<Counter> {
        add(Family(name, help, kind: "counter", labels: labels) { Counter() })
    }

    /// Adds a number that is set.
    public func gauge(_ name: String, _ help: String, _ labels: [String] = []) -> Family<Counter> {
        add(Family(name, help, kind: "gauge", labels: labels) { Counter() })
    }

    /// Adds a time that is set, in nanoseconds; its name ends in `_seconds`.
    public func time(_ name: String, _ help: String, _ labels: [String] = []) -> Family<Counter> {
        add(Family(name, help, kind: "gauge", labels: labels) { Counter(unit: .nanoseconds) })
    }

    /// Adds times, of which the name ends in `_seconds`.
    public func latency(_ name: String, _ help: String, _ labels: [String] = []) -> Family<Histogram> {
        add(
            Family(name, help, kind: "histogram", labels: labels) {
                Histogram(bounds: Histogram.latencies, unit: .nanoseconds)
            })
    }

    /// Adds sizes.
    public func size(_ name: String, _ help: String, _ labels: [String] = []) -> Family<Histogram> {
        add(
            Family(name, help, kind: "histogram", labels: labels) {
                Histogram(bounds: Histogram.sizes, unit: .pieces)
            })
    }

    private func add<Member>(_ family: Family<Member>) -> Family<Member> {
        families.withLock { families in
            precondition(!families.contains { $0.name == family.name }, "\(family.name) is there twice")
            families.append(family)
        }
        return family
    }

    /// All of it.
    public var text: String {
        var text = ""
        for family in families.withLock({ $0 }).sorted(by: { $0.name < $1.name }) { family.write(to: &text) }
        return text
    }

    /// The families' names.
    public var names: [String] { families.withLock { $0.map(\.name) }.sorted() }
}
