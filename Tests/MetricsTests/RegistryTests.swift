import Testing

@testable import Metrics

@Suite("Metrics")
struct RegistryTests {
    @Test("counters, gauges and histograms are rendered in the text format")
    func text() {
        let registry = Registry()
        registry.counter("b_total", "Bs.", ["kind"])["one"].add(2)
        registry.gauge("a", "As.")[].set(-3)
        registry.time("age_seconds", "Age.")[].set(1_500_000_000)
        let sizes = registry.size("size", "Sizes.", ["of"])["x"]
        for size in [1, 3, 5000] { sizes.observe(size) }
        let lines = registry.text.split(separator: "\n").map(String.init)
        #expect(
            lines.prefix(5) == [
                "# HELP a As.", "# TYPE a gauge", "a -3", "# HELP age_seconds Age.", "# TYPE age_seconds gauge",
            ])
        #expect(lines.contains("age_seconds 1.5"))
        #expect(lines.contains("# TYPE b_total counter") && lines.contains("b_total{kind=\"one\"} 2"))
        #expect(lines.contains("# TYPE size histogram"))
        #expect(lines.contains("size_bucket{of=\"x\",le=\"1\"} 1"))
        #expect(lines.contains("size_bucket{of=\"x\",le=\"4\"} 2"))
        #expect(lines.contains("size_bucket{of=\"x\",le=\"4096\"} 2"))
        #expect(lines.contains("size_bucket{of=\"x\",le=\"+Inf\"} 3"))
        #expect(lines.contains("size_sum{of=\"x\"} 5004") && lines.contains("size_count{of=\"x\"} 3"))
    }

    @Test("a latency is counted in the first bucket whose bound it does not exceed, and rendered in seconds")
    func buckets() {
        let registry = Registry()
        let time = registry.latency("t_seconds", "Times.")[]
        time.observe(Int64(1_000_000))
        time.observe(Int64(1_000_001))
        time.observe(Int64(-5))
        #expect(registry.text.contains("t_seconds_bucket{le=\"0.001\"} 2\n"))
        #expect(registry.text.contains("t_seconds_bucket{le=\"0.0025\"} 3\n"))
        #expect(registry.text.contains("t_seconds_sum 0.002000001\n"))
    }

    @Test("label values are escaped")
    func escapes() {
        let registry = Registry()
        registry.counter("c_total", "Cs.", ["path"])["a\\b\"c\nd"].add()
        #expect(registry.text.hasSuffix("c_total{path=\"a\\\\b\\\"c\\nd\"} 1\n"))
    }

    @Test("concurrent updates lose nothing")
    func counts() async {
        let registry = Registry()
        let family = registry.counter("c_total", "Cs.", ["thread"])
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask { for _ in 0..<10_000 { family["all"].add() } }
            }
        }
        #expect(family["all"].value == 80_000)
    }

    @Test("names follow Prometheus's conventions, and every help text is a sentence")
    func names() throws {
        let registry = Registry()
        _ = (StoreMetrics(registry), ServeMetrics(registry), ReconcileMetrics(registry))
        var types: [Substring: Substring] = [:]
        for line in registry.text.split(separator: "\n") where line.hasPrefix("# TYPE") {
            let part = line.split(separator: " ")
            types[part[2]] = part[3]
        }
        #expect(types.count == registry.names.count)
        for (name, type) in types {
            #expect(name.wholeMatch(of: /usher(_[a-z]+)+/) != nil, "\(name)")
            #expect(name.hasSuffix("_total") == (type == "counter"), "\(name)")
            #expect(!name.contains("milli") && !name.contains("_ms"), "\(name): base units only")
            if name.contains("duration") || name.contains("delay") { #expect(name.hasSuffix("_seconds"), "\(name)") }
        }
        for line in registry.text.split(separator: "\n") where line.hasPrefix("# HELP") {
            #expect(line.hasSuffix("."), "\(line)")
        }
    }

    @Test("a family without labels is rendered before its first update")
    func zero() {
        let registry = Registry()
        _ = ReconcileMetrics(registry)
        #expect(registry.text.contains("\nusher_dead_letters_total 0\n"))
    }
}
