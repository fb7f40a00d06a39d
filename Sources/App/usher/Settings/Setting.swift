import Logging

/// One environment variable that Usher reads. `Setting.all` is the only list of them: it determines which names are
/// unknown, which values may be read from files, and which process gets which variable from compose. Tests compare
/// docs/settings.md, the code and `docker-compose.yml` with it.
struct Setting: Sendable {
    /// The processes of an installation that read settings.
    enum Process: String, CaseIterable, Sendable {
        case serve, reconcile, migrate
    }

    let name: String
    let readers: Set<Process>
    /// Whether the value is secret: it may be read from the file that `NAME_FILE` names instead.
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

    /// Every name that may be set, including `_FILE` names and the names that only debug builds read.
    private static let names = Set(all.flatMap { $0.isSecret ? [$0.name, "\($0.name)_FILE"] : [$0.name] })
        .union(["USHER_PLANTED_BUG", "USHER_LIBRARY_VARIANT"])

    /// A sentence for each variable that has the prefix of a setting but is unknown, with the closest known name.
    static func unknown(in variables: some Sequence<String>) -> [String] {
        variables.filter { $0.hasPrefix(prefix) && !names.contains($0) }.sorted().map { name in
            // Prefix and underscores are ignored: `USHER_PORT` matches `PORT`, `USHER_RATELIMIT` `USHER_RATE_LIMIT`.
            let forms = names.sorted().map { (name: $0, form: form(of: $0)) }
            let meant = Suggestion.nearest(to: form(of: name), among: forms.map(\.form))
                .flatMap { near in forms.first { $0.form == near }?.name }
            return "\(name) is not a setting\(meant.map { "; did you mean \($0)?" } ?? ".")"
        }
    }

    private static let prefix = "USHER_"

    private static func form(of name: String) -> String {
        String((name.hasPrefix(prefix) ? name.dropFirst(prefix.count) : name[...]).filter { $0 != "_" })
    }
}

extension Settings {
    /// Logs each variable that has the prefix of a setting but is unknown.
    func warnOfUnknown() {
        for sentence in Setting.unknown(in: variables.keys) {
            Log.warning("unknown setting") { $0.add("finding", sentence) }
        }
    }
}
