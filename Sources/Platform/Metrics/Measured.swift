/// Metrics of every process that uses the stores.
package final class StoreMetrics: Sendable {
    package static let shared = StoreMetrics(.shared)

    /// From sending a command to its reply.
    package let redisTime: Family<Histogram>
    /// Commands without a reply, by loop.
    package let redisPending: Family<Counter>
    /// From acquiring a connection to releasing it.
    package let postgresTime: Family<Histogram>
    /// Connections of the pool, by loop and state.
    package let postgresConnections: Family<Counter>
    /// Callers that wait for a connection, by loop.
    package let postgresWaiters: Family<Counter>
    /// Delay of a loop's timer, by loop.
    package let loopLag: Family<Histogram>
    /// Trace spans, by outcome.
    package let spans: Family<Counter>

    init(_ registry: Registry) {
        redisTime = registry.latency(
            "usher_redis_command_duration_seconds", "From sending a command to its reply.")
        redisPending = registry.gauge("usher_redis_pending_commands", "Commands without a reply.", ["loop"])
        postgresTime = registry.latency(
            "usher_postgres_operation_duration_seconds", "From acquiring a connection to releasing it.")
        postgresConnections = registry.gauge(
            "usher_postgres_connections", "Connections of the pool.", ["loop", "state"])
        postgresWaiters = registry.gauge(
            "usher_postgres_waiters", "Callers that wait for a connection.", ["loop"])
        loopLag = registry.latency("usher_loop_lag_seconds", "How late a timer of the event loop is.", ["loop"])
        spans = registry.counter("usher_trace_spans_total", "Trace spans, sent or dropped.", ["outcome"])
    }
}

/// Metrics of `usher serve`.
package final class ServeMetrics: Sendable {
    package static let shared = ServeMetrics(.shared)

    /// Responses, by route, method and status.
    package let requests: Family<Counter>
    /// From reading a request to its response, by route and method.
    package let requestTime: Family<Histogram>
    /// Requests refused before routing, by status.
    package let refused: Family<Counter>
    /// Open connections, by loop.
    package let connections: Family<Counter>
    /// Requests that are being answered, by loop.
    package let running: Family<Counter>
    /// Clients of the live feed, by loop.
    package let listeners: Family<Counter>
    /// Clients of the live feed that were disconnected because they read too slowly.
    package let listenersCut: Family<Counter>
    /// Claims, by outcome.
    package let claims: Family<Counter>
    /// Operations on one event in one script call.
    package let groupSize: Family<Histogram>
    /// Confirming calls, by whether the booking was persisted in time.
    package let confirmations: Family<Counter>
    /// Charges, by the provider's answer.
    package let charges: Family<Counter>
    /// Audit entries lost while PostgreSQL was unavailable.
    package let auditLost: Family<Counter>

    init(_ registry: Registry) {
        requests = registry.counter(
            "usher_http_requests_total", "Responses, by route and status.", ["route", "method", "status"])
        requestTime = registry.latency(
            "usher_http_request_duration_seconds", "From reading a request to its response.", ["route", "method"])
        refused = registry.counter(
            "usher_http_refused_total", "Requests refused before routing.", ["status"])
        connections = registry.gauge("usher_http_connections", "Open connections.", ["loop"])
        running = registry.gauge("usher_http_running_requests", "Requests that are being answered.", ["loop"])
        listeners = registry.gauge("usher_stream_listeners", "Clients of the live feed.", ["loop"])
        listenersCut = registry.counter(
            "usher_stream_listeners_cut_total", "Live feed clients disconnected because they read too slowly.")
        claims = registry.counter("usher_claims_total", "Claims, by outcome.", ["outcome"])
        groupSize = registry.size(
            "usher_claim_group_size", "Operations on one event in one call of Redis.")
        confirmations = registry.counter(
            "usher_confirmations_total", "Confirming calls, by whether they were persisted in time.", ["persisted"])
        charges = registry.counter("usher_charges_total", "Charges, by the provider's answer.", ["outcome"])
        auditLost = registry.counter(
            "usher_audit_entries_lost_total", "Audit entries lost while PostgreSQL was unavailable.")
    }
}

/// Metrics of `usher reconcile`.
package final class ReconcileMetrics: Sendable {
    package static let shared = ReconcileMetrics(.shared)

    /// Partitions leased by this replica.
    package let partitions: Family<Counter>
    /// Epochs of the partitions leased by this replica.
    package let epoch: Family<Counter>
    /// Entries not yet persisted, over this replica's partitions.
    package let lagEntries: Family<Counter>
    /// Age of the oldest entry that is not persisted, in nanoseconds.
    package let lagTime: Family<Counter>
    /// Entries persisted.
    package let entries: Family<Counter>
    /// Entries in one transaction.
    package let batchSize: Family<Histogram>
    /// Duration of a batch's transaction.
    package let batchTime: Family<Histogram>
    /// From a transition in Redis to its commit in PostgreSQL.
    package let persistDelay: Family<Histogram>
    /// Expired holds released.
    package let expired: Family<Counter>
    /// Completed recoveries.
    package let recoveries: Family<Counter>
    /// Dead letters written.
    package let deadLetters: Family<Counter>
    /// Dead letters that have not been replayed.
    package let deadLettersOpen: Family<Counter>
    /// Payments that are not final, by status.
    package let payments: Family<Counter>
    /// Bookings that PostgreSQL refused because other bookings have their units.
    package let verdicts: Family<Counter>
    /// Payments that settlement examined, by outcome.
    package let settlements: Family<Counter>
    /// Events of this replica's partitions with drift at the last audit.
    package let drift: Family<Counter>
    /// Audits of events, by verdict.
    package let audits: Family<Counter>
    /// Refunds, by the provider's answer.
    package let refunds: Family<Counter>
    /// Failures of any kind.
    package let failures: Family<Counter>

    init(_ registry: Registry) {
        partitions = registry.gauge("usher_partitions_leased", "Partitions leased by this replica.")
        epoch = registry.gauge("usher_partition_epoch", "Epoch of a partition of this replica.", ["partition"])
        lagEntries = registry.gauge("usher_outbox_lag_entries", "Entries of this replica's partitions not persisted.")
        lagTime = registry.time(
            "usher_outbox_lag_seconds", "Age of the oldest entry of this replica's partitions not persisted.")
        entries = registry.counter("usher_persisted_entries_total", "Entries persisted or dead-lettered.")
        batchSize = registry.size("usher_persist_batch_size", "Entries in one transaction.")
        batchTime = registry.latency("usher_persist_duration_seconds", "Duration of a batch's transaction.")
        persistDelay = registry.latency(
            "usher_persist_delay_seconds", "From a transition in Redis to its commit in PostgreSQL.")
        expired = registry.counter("usher_expired_holds_total", "Expired holds released by the sweep.")
        recoveries = registry.counter("usher_recoveries_total", "Completed recoveries of a partition.")
        deadLetters = registry.counter("usher_dead_letters_total", "Dead letters written.")
        deadLettersOpen = registry.gauge("usher_dead_letters", "Dead letters that have not been replayed.")
        payments = registry.gauge("usher_payments_open", "Payments that are not final.", ["status"])
        verdicts = registry.counter(
            "usher_oversell_prevented_total", "Bookings refused by PostgreSQL because other bookings have their units.")
        settlements = registry.counter(
            "usher_settlements_total", "Payments examined by settlement, by outcome.", ["outcome"])
        drift = registry.gauge(
            "usher_drift_events", "Events with drift between the stores at the last audit.")
        audits = registry.counter("usher_audits_total", "Audits of an event, by verdict.", ["verdict"])
        refunds = registry.counter("usher_refunds_total", "Refunds, by the provider's answer.", ["outcome"])
        failures = registry.counter("usher_reconcile_failures_total", "Failures of the reconciler.")
    }
}
