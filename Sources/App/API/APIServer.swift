import Accounts
import BoxOffice
package import HTTP
package import Loops
import Metrics
import Payments
package import PostgresClient
import Records
package import RedisClient
import SeatInventory
import Telemetry
import Tracing

/// The API on one loop: its own connections to both stores, its routes, its server. Not `Sendable`.
package final class APIServer {
    private let loop: EventLoop
    private let connection: RedisConnection
    private let subscriber: RedisSubscriber
    private let pool: PostgresPool
    private let pressure: Pressure
    private let audit: AuditTrail
    private let revocations: RevocationWatch
    private let server: HTTPServer
    private let health: HealthRoutes
    private let router = Router()
    private let sampler: StoreSampler
    private let libraries: LibraryKeeper
    /// This loop's own feed, if the process has none to share.
    private let ownFeed: LiveFeed?

    /// Builds everything that one loop needs. Call on the loop's thread only.
    ///
    /// - Parameters:
    ///   - partitions: the number of partitions.
    ///   - copy: a name unique to this loop of this process.
    ///   - feed: the feed that the process shares; `nil` if this is its only loop.
    package init(
        loop: EventLoop, configuration: APIConfiguration, redis: RedisConfiguration,
        postgres: PostgresConfiguration, partitions: Int, copy: String, feed: LiveFeed? = nil
    ) throws(RedisError) {
        self.loop = loop
        let channel = Inventory.acknowledgementChannel(copy)
        connection = RedisConnection(loop: loop, configuration: redis)
        pool = PostgresPool(loop: loop, configuration: Self.impatient(postgres))
        let inventory = Inventory(
            loop: loop, connection: connection, keys: KeySpace(partitions: partitions), channel: channel)
        let store = BookingStore(pool: pool)
        let acks = AckRegistry(loop: loop, store: store, allowance: configuration.waits)
        subscriber = RedisSubscriber(loop: loop, configuration: redis)
        subscriber.subscribe(channel) { acks.received($0) }
        subscriber.onResubscribe = { acks.resubscribed() }
        let context = APIContext(
            loop: loop, configuration: configuration, inventory: inventory, pool: pool, acks: acks, store: store)
        pressure = context.pressure
        audit = context.audit
        revocations = RevocationWatch(loop: loop, pool: pool, revocations: context.revocations)
        // Routes.
        router.wrap = { [audit] route, handler in audit.watching(route, handler) }
        health = HealthRoutes(context)
        health.add(to: router)
        let events = EventRoutes(context)
        events.add(to: router)
        EventAdminRoutes(context).add(to: router)
        SeatRoutes(context).add(to: router)
        BlockRoutes(context).add(to: router)
        VenueRoutes(context).add(to: router)
        ownFeed = feed == nil ? try LiveFeed(loop: loop, redis: redis, partitions: partitions) : nil
        guard let feed = feed ?? ownFeed else { preconditionFailure("a feed is given or made") }
        let listeners = LiveListeners(loop: loop, feed: feed)
        StreamRoute(context, listeners).add(to: router)
        let replays = Replays(context)
        let transitions = Transitions(context)
        let declines = DeclineLimit(connection: connection, limit: configuration.accounts.limits.declinedCards)
        let payments = PaymentFlow(context, replays, transitions, declines)
        let lists = BookingLists(context)
        BookingRoutes(context, ClaimRoute(context, payments, replays), lists).add(to: router)
        let actions = BookingActions(context, payments, replays, transitions)
        actions.add(to: router)
        DropInRoutes(context, events, actions, transitions, lists).add(to: router)
        AdminBookingRoutes(context, lists).add(to: router)
        PaymentRoutes(context, lists).add(to: router)
        let own = SimulatedCallbacks.signature(context.random)
        let callbacks = CallbackRoute(context, context.recorder, own: own)
        callbacks.add(to: router)
        if let simulated = context.gateway as? SimulatedGateway, let own {
            SimulatedCallbacks.connect(simulated, to: callbacks, by: own, context)
        }
        AuditRoutes(context).add(to: router)
        AuditLogRoute(context).add(to: router)
        AuthRoutes(context, redis: connection).add(to: router)
        UserAdminRoutes(context).add(to: router)
        DocumentRoutes().add(to: router, hasMetrics: configuration.hasMetrics)
        PageRoutes().add(to: router)
        ProblemRoutes().add(to: router)
        DemoRoute(configuration.demonstration, provider: context.gateway.name).add(to: router)
        OverviewRoute(context).add(to: router)
        let measures = RequestMetrics(inventory)
        if Tracer.shared.isOn {
            inventory.onScript = Tracer.shared.scriptCalled
            connection.onScript = Tracer.shared.scriptCalled
        }
        router.onAnswer = { request, route, response, time in
            measures.note(route, status: response.status, nanoseconds: time)
            RequestLog.note(request, route, response, nanoseconds: time)
            RequestTrace.note(request, route, response, nanoseconds: time)
        }
        // Handlers, innermost first.
        let limited = Self.limited(router, loop: loop, connection, context)
        let traced: any HTTPHandler = Tracer.shared.isOn ? TracedHandler(next: limited) : limited
        let authenticated: any HTTPHandler =
            context.authenticator.needsPreparation
            ? AuthenticatedHandler(context.authenticator, next: traced) : traced
        let origins = configuration.corsOrigins.isEmpty ? nil : CrossOrigin(origins: configuration.corsOrigins)
        let handler = RequestPipeline(
            router, context.authenticator, origins: origins, inFlight: context.inFlight,
            next: Admission(context.inFlight, next: authenticated))
        handler.onRefusal = { [audit] head, route, response in audit.refused(head, route, response) }
        var limits = HTTPLimits()
        limits.connections = min(limits.connections, configuration.connectionLimit)
        limits.readsByLine = configuration.isStrict
        let server = HTTPServer(
            loop: loop, limits: limits, handler: configuration.isStrict ? StrictHandler(handler) : handler,
            ledger: configuration.clients)
        server.trustedProxies = configuration.trustedProxies
        if let origins { server.complete = { origins.complete(&$0, $1) } }
        server.onRefusal = { ServeMetrics.shared.refused[String($0)].add() }
        self.server = server
        // Samples for metrics.
        let name = copy.split(separator: "-").last.map(String.init) ?? copy
        let connections = ServeMetrics.shared.connections[name]
        let running = ServeMetrics.shared.running[name]
        let listening = ServeMetrics.shared.listeners[name]
        sampler = StoreSampler(loop: loop, name: name, connection: connection, pool: pool) { [unowned server] in
            connections.set(server.openConnections)
            running.set(server.runningRequests)
            listening.set(listeners.count)
        }
        libraries = LibraryKeeper(loop: loop, connection: connection, deletes: false)
        try connection.start()
        libraries.start()
        try subscriber.start()
        pressure.start()
        revocations.start()
    }

    /// The routes behind the rate limit, if there is one.
    private static func limited(
        _ routes: any HTTPHandler, loop: EventLoop, _ connection: RedisConnection, _ context: APIContext
    ) -> any HTTPHandler {
        guard let limits = context.configuration.rateLimits else { return routes }
        let limiter = RateLimiter(loop: loop, connection: connection, limits: limits)
        return RateLimited(limiter, context.authenticator, next: routes)
    }

    /// Shorter timeouts, since a customer waits: a PostgreSQL that hangs must be detected soon.
    private static func impatient(_ configuration: PostgresConfiguration) -> PostgresConfiguration {
        var configuration = configuration
        configuration.commandTimeout = min(configuration.commandTimeout, .seconds(3))
        configuration.acquireTimeout = min(configuration.acquireTimeout, .seconds(2))
        configuration.connectTimeout = min(configuration.connectTimeout, .seconds(2))
        return configuration
    }

    /// Waits until bookings are possible, so that the first clients are not refused. It gives up after `time`: the
    /// server then serves what it can.
    package func warmUp(within time: Duration) async {
        let end = ContinuousClock.now + time
        while ContinuousClock.now < end {
            if await isReady() { return }
            await loop.sleep(for: .milliseconds(10))
        }
    }

    /// Starts listening and serving.
    ///
    /// - Returns: the port.
    package func listen(host: String, port: Int) throws(HTTPServerError) -> Int {
        try server.listen(host: host, port: port, reusePort: true)
    }

    /// Every route, as methods and paths.
    package var routes: [(method: String, path: String)] { router.routes.map { ($0.method.rawValue, $0.path) } }

    /// The policy of a registered route; `nil` if there is no such route.
    package func policy(of method: HTTPMethod, _ path: String) -> RoutePolicy? {
        router.routes.first { $0.method == method && $0.path == path }?.policy
    }

    /// Whether both stores answer and the inventory is validated.
    package func isReady() async -> Bool { await health.ready().status == 200 }

    /// Accepts no more requests, lets running ones finish within `time`, and closes every connection.
    package func drain(within time: Duration) async {
        await server.drain(within: time)
        await audit.close(within: .seconds(2))
        pressure.stop()
        revocations.stop()
        ownFeed?.close()
        subscriber.close()
        connection.close()
        pool.close()
    }
}
