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
        router.wrap = { [audit] route, handler in audit.watching(route, handler) }
        ownFeed = feed == nil ? try LiveFeed(loop: loop, redis: redis, partitions: partitions) : nil
        guard let feed = feed ?? ownFeed else { preconditionFailure("a feed is given or made") }
        let listeners = LiveListeners(loop: loop, feed: feed)
        health = HealthRoutes(context)
        health.add(to: router)
        let events = EventRoutes(context)
        Self.addCatalogue(to: router, context, events, listeners)
        Self.addBookings(to: router, context, events, connection)
        Self.addAccounts(to: router, context, connection)
        Self.addPages(to: router, context)
        Self.observe(router, inventory, connection)
        let origins = configuration.corsOrigins.isEmpty ? nil : CrossOrigin(origins: configuration.corsOrigins)
        let pipeline = Self.pipeline(router, origins, connection, context)
        server = Self.server(pipeline, origins, loop: loop, configuration)
        sampler = Self.sampler(server, listeners, loop: loop, copy: copy, connection, pool)
        libraries = LibraryKeeper(loop: loop, connection: connection, deletes: false)
        try connection.start()
        libraries.start()
        try subscriber.start()
        pressure.start()
        revocations.start()
    }

    // MARK: - Routes

    private static func addCatalogue(
        to router: Router, _ context: APIContext, _ events: EventRoutes, _ listeners: LiveListeners
    ) {
        events.add(to: router)
        EventAdminRoutes(context).add(to: router)
        SeatRoutes(context).add(to: router)
        BlockRoutes(context).add(to: router)
        VenueRoutes(context).add(to: router)
        StreamRoute(context, listeners).add(to: router)
    }

    private static func addBookings(
        to router: Router, _ context: APIContext, _ events: EventRoutes, _ connection: RedisConnection
    ) {
        let replays = Replays(context)
        let transitions = Transitions(context)
        let declines = DeclineLimit(
            connection: connection, limit: context.configuration.accounts.limits.declinedCards)
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
    }

    private static func addAccounts(to router: Router, _ context: APIContext, _ connection: RedisConnection) {
        AuditRoutes(context).add(to: router)
        AuditLogRoute(context).add(to: router)
        AuthRoutes(context, redis: connection).add(to: router)
        UserAdminRoutes(context).add(to: router)
    }

    private static func addPages(to router: Router, _ context: APIContext) {
        let configuration = context.configuration
        DocumentRoutes().add(to: router, hasMetrics: configuration.hasMetrics)
        PageRoutes().add(to: router)
        ProblemRoutes().add(to: router)
        DemoRoute(configuration.demonstration, provider: context.gateway.name).add(to: router)
        OverviewRoute(context).add(to: router)
    }

    // MARK: - Pipeline and server

    /// Metrics, logs and traces of every answer.
    private static func observe(_ router: Router, _ inventory: Inventory, _ connection: RedisConnection) {
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
    }

    /// The handlers of a request, innermost first.
    private static func pipeline(
        _ router: Router, _ origins: CrossOrigin?, _ connection: RedisConnection, _ context: APIContext
    ) -> RequestPipeline {
        let limited = limited(router, loop: context.loop, connection, context)
        let traced: any HTTPHandler = Tracer.shared.isOn ? TracedHandler(next: limited) : limited
        let authenticated: any HTTPHandler =
            context.authenticator.needsPreparation
            ? AuthenticatedHandler(context.authenticator, next: traced) : traced
        let pipeline = RequestPipeline(
            router, context.authenticator, origins: origins, inFlight: context.inFlight,
            next: Admission(context.inFlight, next: authenticated))
        pipeline.onRefusal = { [audit = context.audit] head, route, response in audit.refused(head, route, response) }
        return pipeline
    }

    private static func server(
        _ pipeline: RequestPipeline, _ origins: CrossOrigin?, loop: EventLoop, _ configuration: APIConfiguration
    ) -> HTTPServer {
        var limits = HTTPLimits()
        limits.connections = min(limits.connections, configuration.connectionLimit)
        limits.readsByLine = configuration.isStrict
        let server = HTTPServer(
            loop: loop, limits: limits, handler: configuration.isStrict ? StrictHandler(pipeline) : pipeline,
            ledger: configuration.clients)
        server.trustedProxies = configuration.trustedProxies
        if let origins { server.complete = { origins.complete(&$0, $1) } }
        server.onRefusal = { ServeMetrics.shared.refused[String($0)].add() }
        return server
    }

    /// Samples what metrics report of this loop.
    private static func sampler(
        _ server: HTTPServer, _ listeners: LiveListeners, loop: EventLoop, copy: String, _ connection: RedisConnection,
        _ pool: PostgresPool
    ) -> StoreSampler {
        let name = copy.split(separator: "-").last.map(String.init) ?? copy
        let connections = ServeMetrics.shared.connections[name]
        let running = ServeMetrics.shared.running[name]
        let listening = ServeMetrics.shared.listeners[name]
        return StoreSampler(loop: loop, name: name, connection: connection, pool: pool) { [unowned server] in
            connections.set(server.openConnections)
            running.set(server.runningRequests)
            listening.set(listeners.count)
        }
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
