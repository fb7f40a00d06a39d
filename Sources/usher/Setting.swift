import Logging

/// One variable of the environment that Usher reads. All of them are in `Setting.all`, and nowhere else: what an unknown
/// name is, which of them may stand in files, and what compose passes to whom follow from it; tests hold the README, the
/// code and `docker-compose.yml` against it.
struct Setting: Sendable {
    /// What reads it, of the processes that an installation consists of.
    enum Process: String, CaseIterable, Sendable {
        case serve, reconcile, migrate
    }

    let name: String
    let readers: Set<Process>
    /// Nobody else may read it: it may stand in a file that `NAME_FILE` names instead.
    let isSecret: Bool

    private init(_ name: String, _ readers: Set<Process>, isSecret: Bool = false) {
        self.name = name
        self.readers = readers
        self.isSecret = isSecret
    }

    private static let stores: Set<Process> = [.serve, .reconcile, .migrate]
    private static let both: Set<Process> = [.serve, .reconcile]

    static let all = [
        Setting("PORT", [.serve]),
        Setting("USHER_HOST", both),
        Setting("USHER_LOOPS", [.serve]),
        Setting("REDIS_URL", stores, isSecret: true),
        Setting("DATABASE_URL", stores, isSecret: true),
        Setting("USHER_PARTITIONS", stores),
        Setting("USHER_JWT_SECRET", [.serve], isSecret: true),
        Setting("USHER_OIDC_JWKS_URL", [.serve]),
        Setting("USHER_OIDC_ISSUER", [.serve]),
        Setting("USHER_OIDC_AUDIENCE", [.serve]),
        Setting("USHER_OIDC_ROLES_CLAIM", [.serve]),
        Setting("USHER_ACCESS_TOKEN_TTL", [.serve]),
        Setting("USHER_REFRESH_TOKEN_TTL", [.serve]),
        Setting("USHER_API_KEYS", [.serve], isSecret: true),
        Setting("USHER_PERSIST_WAIT_MS", [.serve]),
        Setting("USHER_OUTBOX_LIMIT", [.serve]),
        Setting("USHER_IN_FLIGHT_LIMIT", [.serve]),
        Setting("USHER_RATE_LIMIT", [.serve]),
        Setting("USHER_TRUSTED_PROXIES", [.serve]),
        Setting("USHER_DECLINE_LIMIT", [.serve]),
        Setting("USHER_REGISTRATION_LIMIT", [.serve]),
        Setting("USHER_LOGIN_LIMIT", [.serve]),
        Setting("USHER_ADDRESS_CONNECTIONS", [.serve]),
        Setting("USHER_ADDRESS_STREAMS", [.serve]),
        Setting("USHER_AUDIT_RETENTION", [.reconcile]),
        Setting("USHER_PAYMENT_GATEWAY", both, isSecret: true),
        Setting("USHER_WEBHOOK_SECRETS", [.serve], isSecret: true),
        Setting("USHER_PAYMENT_DELAY_MS", both),
        Setting("USHER_SIM_CALLBACK_MS", both),
        Setting("USHER_REQUIRE_IDEMPOTENCY_KEY", [.serve]),
        Setting("USHER_CORS_ORIGINS", [.serve]),
        Setting("USHER_OPEN_RESERVE", [.serve]),
        Setting("USHER_DROP_IN_UNPAID", [.serve]),
        Setting("USHER_LOG", stores),
        Setting("USHER_METRICS_PORT", both),
        Setting("USHER_SERVE_PASSWORD", [.migrate], isSecret: true),
        Setting("USHER_RECONCILE_PASSWORD", [.migrate], isSecret: true),
        Setting("USHER_MIGRATE_PASSWORD", [.migrate], isSecret: true),
        Setting("USHER_USER_PASSWORD", [], isSecret: true),
        Setting("OTEL_EXPORTER_OTLP_ENDPOINT", both),
        Setting("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", both),
        Setting("OTEL_EXPORTER_OTLP_HEADERS", both, isSecret: true),
        Setting("OTEL_EXPORTER_OTLP_PROTOCOL", both),
        Setting("OTEL_SERVICE_NAME", both),
        Setting("USHER_DATA_DIR", []),
    ]

    /// Every name that may be set, those of files included, and the one that debug builds know.
    private static let names = Set(all.flatMap { $0.isSecret ? [$0.name, "\($0.name)_FILE"] : [$0.name] })
        .union(["USHER_PLANTED_BUG", "USHER_LIBRARY_VARIANT"])

    /// A sentence for each variable that looks like a setting of Usher's and is none, with the one that may be meant.
    static func unknown(in variables: some Sequence<String>) -> [String] {
        variables.filter { $0.hasPrefix(prefix) && !names.contains($0) }.sorted().map { name in
            // `USHER_PORT` for `PORT` and `USHER_RATELIMIT` for `USHER_RATE_LIMIT` are as near as can be.
            let forms = names.sorted().map { (name: $0, form: form(of: $0)) }
            let meant = Suggestion.nearest(to: form(of: name), among: forms.map(\.form))
                .flatMap { near in forms.first { $0.form == near }?.name }
            return "\(name) is no setting\(meant.map { "; \($0)?" } ?? ".")"
        }
    }

    private static let prefix = "USHER_"

    private static func form(of name: String) -> String {
        String((name.hasPrefix(prefix) ? name.dropFirst(prefix.count) : name[...]).filter { $0 != "_" })
    }
}

extension Settings {
    /// Logs each variable that looks like a setting and is none.
    func warnOfUnknown() {
        for sentence in Setting.unknown(in: variables.keys) {
            Log.warning("unknown setting") { $0.add("finding", sentence) }
        }
    }
}
