/// What every process that talks to the stores measures.
public final class StoreMetrics: Sendable {
    /// Those of this process.
    public static let shared = StoreMetrics(.shared)

    /// From sending a command to its reply.
    public let redisTime: Family<Histogram>
    /// Commands without a reply, by loop.
    public let redisPending: Family<Counter>
    /// From getting a connection to giving it back.
    public let postgresTime: Family<Histogram>
    /// Connections of the pool, by loop and state.
    public let postgresConnections: Family<Counter>
    /// Callers that wait for a connection, by loop.
    public let postgresWaiters: Family<Counter>
    /// How late a loop's timer is, by loop.
    public let loopLag: Family<Histogram>
    /// Spans of traces, by what became of them.
    public let spans: Family<Counter>

    init(_ registry: Registry) {
        redisTime = registry.latency(
            "usher_redis_command_duration_seconds", "From sending a command to its reply.")
        redisPending = registry.gauge("usher_redis_pending_commands", "Commands without a reply.", ["loop"])
        postgresTime = registry.latency(
            "usher_postgres_operation_duration_seconds", "From getting a connection to giving it back.")
        postgresConnections = registry.gauge(
            "usher_postgres_connections", "Connections of the pool.", ["loop", "state"])
        postgresWaiters = registry.gauge(
            "usher_postgres_waiters", "Callers that wait for a connection.", ["loop"])
        loopLag = registry.latency("usher_loop_lag_seconds", "How late a timer of the event loop is.", ["loop"])
        spans = registry.counter("usher_trace_spans_total", "Spans of traces: sent, or dropped.", ["outcome"])
    }
}

/// What `serve` measures.
public final class ServeMetrics: Sendable {
    /// Those of this process.
    public static let shared = ServeMetrics(.shared)

    /// Answers, by route, method and status.
    public let requests: Family<Counter>
    /// From having read a request to its answer, by route and method.
    public let requestTime: Family<Histogram>
    /// Requests that no route saw, by status.
    public let refused: Family<Counter>
    /// Connections that are open, by loop.
    public let connections: Family<Counter>
    /// Requests whose answer is being made, by loop.
    public let running: Family<Counter>
    /// Clients that listen to events, by loop.
    public let listeners: Family<Counter>
    /// Of those, the ones that were cut because they read too slowly.
    public let listenersCut: Family<Counter>
    /// Claims, by outcome.
    public let claims: Family<Counter>
    /// Claims in one script call.
    public let groupSize: Family<Histogram>
    /// Confirming calls, by whether they were written down in time.
    public let confirmations: Family<Counter>
    /// Charges, by what the provider answered.
    public let charges: Family<Counter>
    /// Audit entries that could not be kept while PostgreSQL was away.
    public let auditLost: Family<Counter>

    init(_ registry: Registry) {
        requests = registry.counter(
            "usher_http_requests_total", "Answers, by route and status.", ["route", "method", "status"])
        requestTime = registry.latency(
            "usher_http_request_duration_seconds", "From having read a request to its answer.", ["route", "method"])
        refused = registry.counter(
            "usher_http_refused_total", "Requests refused before any route saw them.", ["status"])
        connections = registry.gauge("usher_http_connections", "Connections that are open.", ["loop"])
        running = registry.gauge("usher_http_running_requests", "Requests whose answer is being made.", ["loop"])
        listeners = registry.gauge("usher_stream_listeners", "Clients that listen to events.", ["loop"])
        listenersCut = registry.counter(
            "usher_stream_listeners_cut_total", "Listeners that were cut because they read too slowly.")
        claims = registry.counter("usher_claims_total", "Claims, by what became of them.", ["outcome"])
        groupSize = registry.size(
            "usher_claim_group_size", "Operations of one event that travelled in one call of Redis.")
        confirmations = registry.counter(
            "usher_confirmations_total", "Confirming calls, by whether their record was there in time.", ["persisted"])
        charges = registry.counter("usher_charges_total", "Charges, by what the provider answered.", ["outcome"])
        auditLost = registry.counter(
            "usher_audit_entries_lost_total", "Audit entries that could not be kept while PostgreSQL was away.")
    }
}

/// What `reconcile` measures.
public final class ReconcileMetrics: Sendable {
    /// Those of this process.
    public static let shared = ReconcileMetrics(.shared)

    /// Partitions that this copy has leased.
    public let partitions: Family<Counter>
    /// Of the partitions that this copy has leased.
    public let epoch: Family<Counter>
    /// Entries that PostgreSQL lacks, over this copy's partitions.
    public let lagEntries: Family<Counter>
    /// Age of the oldest of them, nanoseconds.
    public let lagTime: Family<Counter>
    /// Entries written down.
    public let entries: Family<Counter>
    /// Entries in one transaction.
    public let batchSize: Family<Histogram>
    /// What a batch's transaction took.
    public let batchTime: Family<Histogram>
    /// From a transition in Redis to its commit.
    public let persistDelay: Family<Histogram>
    /// Lapsed holds returned.
    public let expired: Family<Counter>
    /// Recoveries completed.
    public let recoveries: Family<Counter>
    /// Entries put aside.
    public let deadLetters: Family<Counter>
    /// Dead letters that nobody has replayed.
    public let deadLettersOpen: Family<Counter>
    /// Payments by status, of those that are not over.
    public let payments: Family<Counter>
    /// Bookings that PostgreSQL refused because others have what they took.
    public let verdicts: Family<Counter>
    /// Payments looked at because somebody never answered, by what came of it.
    public let settlements: Family<Counter>
    /// Events of this copy's partitions about which the stores disagreed when they were last compared.
    public let drift: Family<Counter>
    /// Comparisons of both stores about an event, by verdict.
    public let audits: Family<Counter>
    /// Refunds, by what the provider answered.
    public let refunds: Family<Counter>
    /// Failures, whatever they were.
    public let failures: Family<Counter>

    init(_ registry: Registry) {
        partitions = registry.gauge("usher_partitions_leased", "Partitions of this copy.")
        epoch = registry.gauge("usher_partition_epoch", "Epoch of a partition of this copy.", ["partition"])
        lagEntries = registry.gauge("usher_outbox_lag_entries", "Entries of this copy's partitions not written down.")
        lagTime = registry.time(
            "usher_outbox_lag_seconds", "Age of the oldest entry of this copy's partitions not written down.")
        entries = registry.counter("usher_persisted_entries_total", "Entries written down or put aside.")
        batchSize = registry.size("usher_persist_batch_size", "Entries in one transaction.")
        batchTime = registry.latency("usher_persist_duration_seconds", "What a batch's transaction took.")
        persistDelay = registry.latency(
            "usher_persist_delay_seconds", "From a transition in Redis to its commit in PostgreSQL.")
        expired = registry.counter("usher_expired_holds_total", "Lapsed holds returned by the sweep.")
        recoveries = registry.counter("usher_recoveries_total", "Recoveries of a partition completed.")
        deadLetters = registry.counter("usher_dead_letters_total", "Entries put aside.")
        deadLettersOpen = registry.gauge("usher_dead_letters", "Entries put aside that nobody has replayed.")
        payments = registry.gauge("usher_payments_open", "Payments that are not over.", ["status"])
        verdicts = registry.counter(
            "usher_oversell_prevented_total", "Bookings refused by PostgreSQL because others have what they took.")
        settlements = registry.counter(
            "usher_settlements_total", "Payments that settlement looked at, by what came of it.", ["outcome"])
        drift = registry.gauge(
            "usher_drift_events", "Events about which both stores disagreed when they were last compared.")
        audits = registry.counter("usher_audits_total", "Comparisons of an event in both stores.", ["verdict"])
        refunds = registry.counter("usher_refunds_total", "Refunds, by what the provider answered.", ["outcome"])
        failures = registry.counter("usher_reconcile_failures_total", "Failures of the reconciler.")
    }
}
