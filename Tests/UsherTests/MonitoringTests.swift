import Foundation
import Metrics
import Support
import Testing

/// Checks rules, alerts and dashboards against the real metrics, and runs a real Prometheus.
@Suite("Monitoring", .serialized)
struct MonitoringTests {
    private static let deploy = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../deploy").standardizedFileURL.path

    private func read(_ path: String) throws -> String {
        try String(contentsOfFile: "\(Self.deploy)/\(path)", encoding: .utf8)
    }

    /// All metric names of this binary, with the suffixes of histograms.
    private var measured: Set<String> {
        _ = (StoreMetrics.shared, ServeMetrics.shared, ReconcileMetrics.shared)
        return Set(Registry.shared.names.flatMap { [$0, "\($0)_bucket", "\($0)_sum", "\($0)_count"] })
    }

    private func names(in text: String) -> Set<String> {
        Set(text.matches(of: /\busher_[a-z0-9_]+/).map { String($0.output) })
    }

    @Test("rules, alerts and dashboards use only existing metrics, and all of them")
    func names() throws {
        let rules = try read("prometheus/rules.yml")
        let dashboard = try read("grafana/dashboards/usher.json")
        var used: Set<String> = []
        for text in [rules, try read("prometheus/alerts.yml"), try read("prometheus/alerts.test.yml"), dashboard] {
            #expect(names(in: text).subtracting(measured) == [])
            used.formUnion(names(in: text))
        }
        let recorded = Set(rules.matches(of: /record: (usher:[a-z0-9_:]+)/).map { String($0.1) })
        let wanted = Set(
            (dashboard + (try read("prometheus/alerts.yml"))).matches(of: /usher:[a-z0-9_:]+/).map { String($0.output) }
        )
        #expect(wanted.subtracting(recorded) == [])
        let shown = Registry.shared.names.filter { name in used.contains { $0.hasPrefix(name) } }
        #expect(Registry.shared.names.filter { !shown.contains($0) } == [], "metrics that are not shown anywhere")
    }

    @Test("every alert has a runbook")
    func runbooks() throws {
        let alerts = try read("prometheus/alerts.yml")
        let names = alerts.matches(of: /alert: (\w+)/).map { String($0.1) }
        let links = alerts.matches(of: /runbook: docs\/operations.md#(\w+)/).map { String($0.1) }
        #expect(!names.isEmpty && links == names.map { $0.lowercased() })
        let headings = Set(try read("../docs/operations.md").matches(of: /\n## (\w+)\n/).map { String($0.1) })
        #expect(Set(names).subtracting(headings) == [])
    }

    @Test("promtool accepts all files, and each alert fires when it must")
    func promtool() throws {
        let prometheus = "\(Self.deploy)/prometheus"
        for arguments in [
            ["check", "rules", "\(prometheus)/rules.yml", "\(prometheus)/alerts.yml"],
            ["check", "config", "\(prometheus)/prometheus.yml"],
            ["test", "rules", "\(prometheus)/alerts.test.yml"],
        ] {
            let program = try Program("promtool", arguments)
            #expect(program.wait() == 0, "\(program.output)")
        }
    }

    /// Documented metrics, by the process that exports them.
    private static let promised = [
        "serve": [
            "usher_http_requests_total{", "usher_http_request_duration_seconds_bucket{", "usher_claims_total{",
            "usher_claim_group_size_bucket{", "usher_redis_command_duration_seconds_bucket{",
            "usher_postgres_operation_duration_seconds_bucket{", "usher_postgres_connections{",
            "usher_postgres_waiters{", "usher_loop_lag_seconds_bucket{", "usher_http_connections{",
        ],
        "reconcile": [
            "usher_outbox_lag_entries ", "usher_outbox_lag_seconds ", "usher_persist_delay_seconds_bucket{",
            "usher_persist_duration_seconds_bucket{", "usher_expired_holds_total ", "# TYPE usher_settlements_total",
            "usher_refunds_total{", "usher_payments_open{status=\"REFUND_DUE\"}", "usher_dead_letters ",
            "usher_drift_events ", "usher_oversell_prevented_total ", "usher_recoveries_total ",
            "usher_partition_epoch{", "usher_loop_lag_seconds_bucket{", "usher_postgres_connections{",
        ],
    ]

    @Test("drift is reported while it lasts, also for an event too large for a full comparison", arguments: [0, 2001])
    func drift(bookings: Int) throws {
        let metricsPort = try freePort()
        let cluster = try Cluster(
            copies: 1, environment: ["USHER_METRICS_PORT": "\(metricsPort)", "USHER_PARTITIONS": "1"])
        let event = try cluster.makeEvent(capacity: 10_000, ",\"maxBookingsPerUser\":10000")
        let holder = HTTPClient(port: cluster.ports[0])
        let user = bearer(try cluster.token("ann"))
        let claim = "{\"eventId\":\"\(event.id)\",\"items\":[{\"tierId\":\"\(event.tier)\",\"quantity\":1}]}"
        for _ in 0..<bookings {
            #expect(try holder.send("POST", "/v1/bookings", headers: user, body: claim).status == 201)
        }
        func drifting() throws -> Bool {
            let text = try HTTPClient(port: metricsPort).send("GET", "/metrics").text
            return text.contains("usher_drift_events 1\n")
        }
        try eventually("the stores were compared") {
            try HTTPClient(port: metricsPort).send("GET", "/metrics").text.contains(
                "usher_audits_total{verdict=\"ok\"}")
        }
        #expect(try !drifting())
        let script = """
            local digits = string.gsub(ARGV[1], '-', '')
            local tier = string.gsub(digits, '..', function(pair) return string.char(tonumber(pair, 16)) end)
            local counters = struct.pack('>I4I4I4I4I4I6c1', 10000, 9997, 0, 0, 0, 1000, 'g')
            return redis.call('HSET', KEYS[1], 't' .. tier, counters)
            """
        let broken = ["EVAL", script, "1", "{p0}:e:\(event.id)", event.tier]
        #expect(try Program("redis-cli", ["-p", "\(cluster.redis.port)"] + broken).readToEnd() == "0\n")
        try eventually("the drift is reported") { try drifting() }
        try eventually("the event is named in the log") {
            cluster.copy("reconcile")?.output.contains("the stores disagree about an event") == true
        }
        let mended = try HTTPClient(port: cluster.ports[0]).send(
            "POST", "/v1/admin/audit/events/\(event.id)/repair?dryRun=false",
            headers: bearer(try cluster.token("admin", role: "admin")))
        #expect(mended.status == 200, "\(mended.text)")
        try eventually("the drift is repaired") { try !drifting() }
    }

    @Test("both processes export complete, well-formed metrics; a killed Redis fires an alert that resolves by itself")
    func prometheus() throws {
        let metricsPort = try freePort()
        let cluster = try Cluster(copies: 1, environment: ["USHER_METRICS_PORT": "\(metricsPort)"])
        let event = try cluster.makeEvent(capacity: 10)
        let claim = "{\"eventId\":\"\(event.id)\",\"items\":[{\"tierId\":\"\(event.tier)\",\"quantity\":1}]}"
        let user = bearer(try cluster.token("ann"))
        let client = HTTPClient(port: cluster.ports[0])
        #expect(try client.send("POST", "/v1/bookings", headers: user, body: claim).status == 201)
        try checkFormat(cluster.ports[0], Self.promised["serve"] ?? [])
        try checkFormat(metricsPort, Self.promised["reconcile"] ?? [])

        let directory = try TemporaryDirectory()
        let port = try freePort()
        let prometheus = try startPrometheus(directory, port, [cluster.ports[0], metricsPort])
        func value(_ query: String) -> Double? {
            let encoded = query.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
            // Prometheus may not be listening yet.
            let answer = try? HTTPClient(port: port).send("GET", "/api/v1/query?query=\(encoded)")
            let data = answer?.json["data"] as? [String: Any]
            let first = (data?["result"] as? [[String: Any]])?.first?["value"] as? [Any]
            return (first?.last as? String).flatMap { Double($0) }
        }
        try eventually("both are scraped") { value("count(up == 1)") == 2 }
        try eventually("the claim is counted") { value("usher_claims_total{outcome=\"held\"}") == 1 }
        try eventually("the claim is persisted") { value("usher_persisted_entries_total") ?? 0 >= 1 }
        #expect(value("usher_http_requests_total{route=\"/v1/bookings\",status=\"201\"}") == 1)
        #expect(value("usher_partitions_leased") == 8)

        cluster.redis.kill()
        try eventually("the alert fires") {
            _ = try? HTTPClient(port: cluster.ports[0]).send("POST", "/v1/bookings", headers: user, body: claim)
            return value("ALERTS{alertname=\"UsherClaimsFail\",alertstate=\"firing\"}") == 1
        }
        let red = try HTTPClient(port: cluster.ports[0]).send("GET", "/readyz")
        #expect(red.status == 503 && red.text.contains("\"redis\":\"unavailable\""), "\(red.text)")

        try cluster.redis.start()
        try cluster.waitUntilReady()
        #expect(try client.send("POST", "/v1/bookings", headers: user, body: claim).status == 201)
        try eventually("the alert resolves by itself") { value("ALERTS{alertname=\"UsherClaimsFail\"}") == nil }
        withExtendedLifetime(prometheus) {}
    }

    private func checkFormat(_ port: UInt16, _ promised: [String]) throws {
        for name in promised {
            try eventually("\(name) is exported") {
                try HTTPClient(port: port).send("GET", "/metrics").text.contains("\n\(name)")
            }
        }
        let answer = try HTTPClient(port: port).send("GET", "/metrics")
        #expect(answer.status == 200)
        let directory = try TemporaryDirectory()
        try answer.text.write(toFile: "\(directory.path)/metrics", atomically: true, encoding: .utf8)
        let program = try Program("/bin/sh", ["-c", "promtool check metrics < \(directory.path)/metrics"])
        #expect(program.wait() == 0, "\(program.output)")
    }

    /// Starts Prometheus with the real rules and alerts, but scraping each second, with windows of ten seconds, and
    /// with alerts that fire after a second.
    private func startPrometheus(
        _ directory: TemporaryDirectory, _ port: UInt16, _ targets: [UInt16]
    ) throws -> Program {
        for name in ["rules.yml", "alerts.yml"] {
            let text = try read("prometheus/\(name)").replacing(/for: [0-9]+[sm]/) { _ in "for: 1s" }
                .replacing("[1m]", with: "[10s]")
            try text.write(toFile: "\(directory.path)/\(name)", atomically: true, encoding: .utf8)
        }
        let list = targets.map { "\"127.0.0.1:\($0)\"" }.joined(separator: ", ")
        try """
        global: {scrape_interval: 1s, evaluation_interval: 1s}
        rule_files: [rules.yml, alerts.yml]
        scrape_configs:
          - job_name: usher-serve
            static_configs: [{targets: [\(list)]}]
        """.write(toFile: "\(directory.path)/prometheus.yml", atomically: true, encoding: .utf8)
        return try Program(
            "prometheus",
            [
                "--config.file=\(directory.path)/prometheus.yml", "--storage.tsdb.path=\(directory.path)/data",
                "--web.listen-address=127.0.0.1:\(port)",
            ])
    }
}
